/** Which handlers a request is for. */

import { METHOD_NAME_ALL, type Result, type Router } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";

/**
 * Hono's router for all that there can be in paths, which looks at each part of a path in turn; what it finds for
 * paths without parameters is kept, for these are asked for most.
 */
export class KeepingRouter<T> implements Router<T> {
  readonly name = "KeepingRouter";
  readonly #all = new TrieRouter<T>();
  readonly #methods = new Set<string>();
  readonly #fixed = new Set<string>();
  readonly #kept = new Map<string, Result<T>>();

  add(method: string, path: string, handler: T): void {
    this.#all.add(method, path, handler);
    this.#methods.add(method);
    if (!/[:*]/.test(path)) this.#fixed.add(`${method} ${path}`);
    this.#kept.clear();
  }

  match(method: string, path: string): Result<T> {
    const name = `${method} ${path}`;
    const kept = this.#kept.get(name);
    if (kept) return kept;
    // The trie would take a method that each object has a property of, such as `constructor`, for one of a route.
    const known = this.#methods.has(method) ? method : METHOD_NAME_ALL;
    const result = this.#all.match(known, path);
    if (this.#fixed.has(name)) this.#kept.set(name, result);
    return result;
  }
}
