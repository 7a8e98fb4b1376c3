/** The store of a run, what can befall it, and what must be true of it in the end. */

import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { TestRedis } from "../redis.ts";
import { startSqlite } from "../stores.ts";
import { lookAtRedis } from "./look_redis.ts";
import { lookAtSqlite } from "./look_sqlite.ts";
import type { Options, Outage } from "./plan.ts";

/** What is kept of one task, as far as a broker does not tell. */
export interface Kept {
  id: string;
  status: string;
  /** JSON text. */
  args: string;
  /** How often a worker was lost that had it. */
  lost: number;
  /** The schedule that started it, or "". */
  schedule: string;
}

/** What a look into a store has found. */
export interface Look {
  tasks: Map<string, Kept>;
  /** What should not be, in plain words. */
  findings: string[];
  /** How large it is, in plain words. */
  size: string;
}

export interface ChaosStore extends AsyncDisposable {
  readonly url: string;
  readonly cwd?: string;
  harm(what: Outage, forMs: number, signal: AbortSignal): Promise<void>;
  /** Stops its server, if it has one, and has it go on. */
  freeze(): void;
  thaw(): void;
  /** Looks into it when all is quiet, past any broker. */
  look(liveWorkers: Set<string>): Promise<Look>;
}

export function startStore(broker: Options["broker"]): Promise<ChaosStore> {
  return broker === "redis" ? startRedis() : startFile();
}

async function startRedis(): Promise<ChaosStore> {
  // What was answered is on disk, so that no kill -9 excuses a loss.
  const redis = await TestRedis.start({ durable: true });
  return {
    url: redis.url,
    freeze: () => redis.freeze(),
    thaw: () => redis.thaw(),
    look: (liveWorkers) => lookAtRedis(redis.url, liveWorkers),
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
    async harm(what, forMs, signal) {
      if (what === "cut") await redis.command("CLIENT", "KILL", "TYPE", "normal");
      if (what === "mute") await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
      if (what === "pause") {
        await redis.command("CLIENT", "PAUSE", `${forMs}`, "ALL");
        await sleep(forMs, undefined, { signal });
      }
      if (what === "kill") {
        await redis.down();
        await sleep(forMs, undefined, { signal });
        await redis.up();
      }
      if (what === "stop") {
        redis.freeze();
        await sleep(forMs, undefined, { signal });
        redis.thaw();
      }
    },
  };
}

async function startFile(): Promise<ChaosStore> {
  const { url, cwd, file, [Symbol.asyncDispose]: dispose } = await startSqlite();
  return {
    ...{ url, cwd },
    freeze() {},
    thaw() {},
    look: (liveWorkers) => Promise.resolve(lookAtSqlite(file, liveWorkers)),
    [Symbol.asyncDispose]: dispose,
    async harm(_what, forMs, signal) {
      const db = new DatabaseSync(file, { timeout: 100 });
      try {
        while (!signal.aborted) {
          try {
            db.exec("BEGIN IMMEDIATE");
            break;
          } catch {
            await sleep(10); // another writes
          }
        }
        await sleep(forMs, undefined, { signal });
      } finally {
        db.close();
      }
    },
  };
}
