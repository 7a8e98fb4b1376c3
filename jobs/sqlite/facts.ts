/** What can be said of a SQLite file. */

import type { BrokerFacts } from "../wire.ts";
import type { Database } from "./database.ts";

export function readFacts(db: Database): BrokerFacts {
  const pragma = (name: string) => Object.values(db.get<object>(`PRAGMA ${name}`) ?? {})[0];
  const { path } = db;
  const log = path === null ? 0 : size(`${path}-wal`);
  const pages = Number(pragma("page_count")) * Number(pragma("page_size"));
  const unused = Number(pragma("freelist_count")) * Number(pragma("page_size"));
  const peers = db.get<{ count: number }>("SELECT count(*) AS count FROM peers")?.count ?? 0;
  return {
    kind: "sqlite",
    location: `sqlite:${db.file}`,
    version: db.get<{ version: string }>("SELECT sqlite_version() AS version")?.version ?? "",
    memory_bytes: pages + log,
    memory_limit_bytes: null,
    keys: null,
    clients: null,
    details: {
      "File": path ?? "in memory",
      "Write-ahead log": mebibytes(log),
      "Unused in the file": mebibytes(unused),
      "Journal": String(pragma("journal_mode")).toUpperCase(),
      "Version of the schema": String(pragma("user_version")),
      "Processes that listen": String(peers),
    },
  };
}

/** Bytes; 0 where there is no file. */
function size(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
