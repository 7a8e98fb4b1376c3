/** What may be in Redis when all is quiet: the table in docs/architecture.md, and nothing else. */

import { Redis } from "ioredis";
import { PREFIX } from "../../jobs/redis/keys.ts";
import type { Kept, Look } from "./store.ts";

const MANUAL = new URL("../../docs/architecture.md", import.meta.url);
const MAX_INDEX = 10_100;
/** One finding for each kind of key, with so many examples. */
const EXAMPLES = 3;
/** Their keys are gone once nothing waits and nothing runs. */
const EMPTY_WHEN_QUIET =
  /^(queue|active|lanes?|rotation|blocked|held):|^(scheduled|expiring|running|gates)$/;
/** Numbers by queue that are 0 then. */
const ZERO_WHEN_QUIET = /^\w+_in$/;

interface Row {
  pattern: RegExp;
  types: string[];
  expires: boolean;
}

/**
 * Walks all keys.
 * @param liveWorkers the workers that may have keys
 */
export async function lookAtRedis(url: string, liveWorkers: Set<string>): Promise<Look> {
  const redis = new Redis(url);
  try {
    const table = keyTable(await Deno.readTextFile(MANUAL));
    const wrong = new Map<string, string[]>();
    const tasks = new Map<string, Kept>();
    let keys = 0;
    for await (const page of redis.scanStream({ count: 1000 })) {
      const names = [...new Set(page as string[])];
      const facts = await factsOf(redis, names);
      names.forEach((name, i) => {
        const key = name.slice(PREFIX.length);
        const { type, ttl, length, fields } = facts[i] ?? NOTHING;
        if (type === "none") return;
        keys++;
        const complaint = !name.startsWith(PREFIX)
          ? "has another prefix"
          : ZERO_WHEN_QUIET.test(key) && fields.some((number) => number !== "0")
          ? "counts some, although all has ended"
          : complaintOf(table, key, type, ttl, length, liveWorkers);
        if (complaint) wrong.set(complaint, [...wrong.get(complaint) ?? [], name]);
        if (!key.startsWith("task:")) return;
        const [status, args, lost, schedule] = fields.map((field) => field ?? "");
        const id = key.slice("task:".length);
        tasks.set(id, {
          ...{ id, status: status ?? "", args: args ?? "", lost: Number(lost) },
          schedule: schedule ?? "",
        });
      });
    }
    const memory = /^used_memory_human:(\S+)/m.exec(await redis.info("memory"))?.[1];
    return {
      tasks,
      findings: [...wrong].map(([complaint, names]) =>
        `Redis: ${names.slice(0, EXAMPLES).join(", ")}${
          names.length > EXAMPLES ? ` and ${names.length - EXAMPLES} more` : ""
        } ${complaint}`
      ),
      size: `${keys} keys, ${memory}`,
    };
  } finally {
    redis.disconnect();
  }
}

/** What Redis answers in place of a time to live. */
const NEVER = -1;
const GONE = -2;

interface Facts {
  type: string;
  /** Seconds, or NEVER or GONE. */
  ttl: number;
  /** Of a list or a sorted set. */
  length: number;
  /** Of a task: status, args, lost, schedule. Of numbers by queue: these. */
  fields: (string | null)[];
}

const NOTHING: Facts = { type: "none", ttl: GONE, length: 0, fields: [] };

async function factsOf(redis: Redis, names: string[]): Promise<Facts[]> {
  const all = <T>(
    ask: (pipeline: ReturnType<Redis["pipeline"]>, name: string, i: number) => void,
  ) => {
    const pipeline = redis.pipeline();
    names.forEach((name, i) => ask(pipeline, name, i));
    return pipeline.exec().then((replies) => replies?.map(([, reply]) => reply as T) ?? []);
  };
  const types = await all<string>((pipeline, name) => pipeline.type(name));
  const ttls = await all<number>((pipeline, name) => pipeline.ttl(name));
  const details = await all<unknown>((pipeline, name, i) => {
    const type = types[i];
    if (type === "list") pipeline.llen(name);
    else if (type === "zset") pipeline.zcard(name);
    else if (ZERO_WHEN_QUIET.test(name.slice(PREFIX.length))) pipeline.hvals(name);
    else if (type === "hash") pipeline.hmget(name, "status", "args", "lost", "schedule");
    else pipeline.exists(name);
  });
  return names.map((_, i) => {
    const detail = details[i];
    return {
      type: types[i] ?? "none",
      ttl: ttls[i] ?? -2,
      length: typeof detail === "number" ? detail : 0,
      fields: Array.isArray(detail) ? detail : [],
    };
  });
}

function complaintOf(
  table: Row[],
  key: string,
  type: string,
  ttl: number,
  length: number,
  liveWorkers: Set<string>,
): string | null {
  if (ttl === GONE) return null; // it expired while it was looked at
  const row = table.find(({ pattern }) => pattern.test(key));
  if (!row) return "is not in the key table of docs/architecture.md";
  if (!row.types.includes(type)) return `is a ${type} and should be a ${row.types.join(" or ")}`;
  if (row.expires && ttl === NEVER) return "never expires, although all has ended";
  if (key.startsWith("unique:") && ttl === NEVER) {
    return "keeps others out, although its task has ended";
  }
  if (EMPTY_WHEN_QUIET.test(key)) return "is left, although all has ended";
  if (key.startsWith("worker:") && !liveWorkers.has(key.slice("worker:".length))) {
    return "belongs to a worker that is gone";
  }
  if (key === "workers" && length > liveWorkers.size) return `lists ${length} workers`;
  if (type === "list" && !key.startsWith("events:") && length > MAX_INDEX) {
    return `is longer than ${MAX_INDEX}`;
  }
  return null;
}

const TYPES: Record<string, string> = {
  ...{ hash: "hash", list: "list", string: "string", "sorted set": "zset", set: "set" },
};

/** The rows of the manual's key table. */
function keyTable(manual: string): Row[] {
  const section = /\n## Keys in Redis\n([^]*?)\n## /.exec(manual)?.[1] ?? "";
  const rows = [...section.matchAll(/^\| (`[^|]+) \| ([a-z, ]+) \| [^|]* \| ([^|]*)\|$/gm)];
  return rows.flatMap(([, names = "", type = "", bound = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => ({
      pattern: new RegExp(
        `^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/<[^>]+>/g, ".+")}$`,
      ),
      types: type.split(", ").map((word) => TYPES[word.replace(/s$/, "")] ?? word),
      expires: /expires|a day/.test(bound),
    }))
  );
}
