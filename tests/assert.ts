/**
 * The assertions of `@std/assert` that these tests use, over `node:assert/strict`. It stands here so
 * that an npm registry is enough to run the tests; `jsr:@std/assert@1` drops in for it in deno.json.
 */

import assert from "node:assert/strict";

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  assert.deepStrictEqual(actual, expected, message);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): void {
  assert.strictEqual(actual, expected, message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  assert.notDeepStrictEqual(actual, expected, message);
}

export { ok as assert } from "node:assert/strict";

/** Narrows away null and undefined. */
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  assert.ok(actual !== null && actual !== undefined, message ?? `${actual} does not exist`);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  assert.ok(actual.includes(expected), message ?? `"${actual}" does not include "${expected}"`);
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  assert.match(actual, expected, message);
}

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

export function assertThrows<E extends Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  includes = "",
): E {
  try {
    fn();
  } catch (error) {
    return assertIsError(error, errorClass, includes);
  }
  assert.fail(`expected ${errorClass.name} to be thrown`);
}

export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  includes = "",
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return assertIsError(error, errorClass, includes);
  }
  assert.fail(`expected a rejection with ${errorClass.name}`);
}

function assertIsError<E extends Error>(
  error: unknown,
  errorClass: ErrorClass<E>,
  includes: string,
): E {
  assert.ok(error instanceof errorClass, `expected ${errorClass.name}, got ${error}`);
  assertStringIncludes(error.message, includes);
  return error;
}
