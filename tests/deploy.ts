/** What the tests of deploy/ and of the other ways to run taskapp have in common. */

import { assert } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { settingsOf } from "../cli/config.ts";
import { createProgram } from "../cli/program.ts";
import { variablesOf } from "../lib/env.ts";

export const ROOT = new URL("..", import.meta.url).pathname;

const program = createProgram({ out: () => {}, err: () => {}, interactive: false }, () => {});
const VARIABLES = settingsOf(program).flatMap(({ variable }) => variablesOf(variable));

/** @returns the text of a file of this repository */
export function read(path: string): string {
  return Deno.readTextFileSync(ROOT + path);
}

/**
 * Reads YAML as it is: duplicate keys and what cannot be read are errors.
 * @param text one or more documents
 * @returns the first, or each, as what the caller takes it for
 */
export function parseYaml<T>(text: string): [T, ...T[]] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error) throw error;
    return document.toJS();
  }) as [T, ...T[]];
}

/** Fails where the command line has no such command or flag; values are not looked at. */
export function checkCommandLine(words: string[]): void {
  const [name = "", ...rest] = words;
  const command = program.commands.find((each) => [each.name(), ...each.aliases()].includes(name));
  assert(command, `There is no command "${name}" (in "${words.join(" ")}")`);
  const own = command.commands.find((each) => each.name() === rest[0]);
  const options = [...command.options, ...own?.options ?? []];
  for (
    const flag of rest.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split("=")[0])
  ) {
    const known = options.some(({ long, short }) => flag === long || flag === short);
    assert(known, `taskapp ${name} has no ${flag} (in "${words.join(" ")}")`);
  }
}

/** Fails where a variable is none of taskapp's settings. */
export function checkVariables(names: string[]): void {
  const unknown = names.filter((name) => !VARIABLES.includes(name));
  assert(unknown.length === 0, `No settings of taskapp: ${unknown.join(", ")}`);
}

/** The seconds after `--grace` in a command line, or its default. */
export function graceOf(words: string[]): number {
  const text = words.join(" ");
  const [, seconds = "30"] = /--grace[= ](\d+)/.exec(text) ?? [];
  return Number(seconds);
}

/** Whether a test that drives a program is left out, for want of it; CI says that none may be. */
export async function isMissing(name: string, ...args: string[]): Promise<boolean> {
  if (Deno.env.has("TEST_DEPLOY_ALL")) return false;
  try {
    return !(await new Deno.Command(name, { args }).output()).success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return true;
  }
}

/**
 * Runs a program to its end.
 * @returns what it printed
 * @throws {Error} with what it complained of, where it failed
 */
export async function output(name: string, args: string[], env = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(name, { args, env }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${name} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
