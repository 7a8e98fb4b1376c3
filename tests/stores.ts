/** Stores to test on: each empty at first, and gone with its test. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { TestRedis } from "./redis.ts";

export interface TestStore extends AsyncDisposable {
  /** What a program takes as its broker. */
  readonly url: string;
  /** Where a program must run to reach it. */
  readonly cwd?: string;
}

export const STORES = {
  Redis: () => TestRedis.start(),
  SQLite: startSqlite,
} satisfies Record<string, () => Promise<TestStore>>;

/** A database file of one's own. */
export async function startSqlite(): Promise<TestStore & { cwd: string; file: string }> {
  const dir = await mkdtemp(`${tmpdir()}/taskapp-sqlite-`);
  const file = `${dir}/taskapp.db`;
  return {
    cwd: dir,
    file,
    url: `sqlite:${file}`,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}
