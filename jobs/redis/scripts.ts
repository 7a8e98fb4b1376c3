/** The Lua scripts: one per transition, each after what it uses of the library that all share. */

import { createHash } from "node:crypto";
import { nextTick } from "node:process";
import { Command, type Redis, ReplyError } from "ioredis";
import { BUCKETS_MS } from "../stored.ts";
import { PREFIX, withKeys } from "./keys.ts";
import lib from "./scripts/lib.lua" with { type: "text" };
import steps from "./scripts/steps.lua" with { type: "text" };
import accessPut from "./scripts/access_put.lua" with { type: "text" };
import accessRead from "./scripts/access_read.lua" with { type: "text" };
import accessSpend from "./scripts/access_spend.lua" with { type: "text" };
import accept from "./scripts/accept.lua" with { type: "text" };
import adopt from "./scripts/adopt.lua" with { type: "text" };
import auditList from "./scripts/audit_list.lua" with { type: "text" };
import auditNote from "./scripts/audit_note.lua" with { type: "text" };
import claim from "./scripts/claim.lua" with { type: "text" };
import clock from "./scripts/clock.lua" with { type: "text" };
import counts from "./scripts/counts.lua" with { type: "text" };
import commandSend from "./scripts/command_send.lua" with { type: "text" };
import commandTake from "./scripts/command_take.lua" with { type: "text" };
import enqueue from "./scripts/enqueue.lua" with { type: "text" };
import events from "./scripts/events.lua" with { type: "text" };
import forget from "./scripts/forget.lua" with { type: "text" };
import get from "./scripts/get.lua" with { type: "text" };
import heartbeat from "./scripts/heartbeat.lua" with { type: "text" };
import importTasks from "./scripts/import.lua" with { type: "text" };
import leave from "./scripts/leave.lua" with { type: "text" };
import limit from "./scripts/limit.lua" with { type: "text" };
import limits from "./scripts/limits.lua" with { type: "text" };
import list from "./scripts/list.lua" with { type: "text" };
import oldest from "./scripts/oldest.lua" with { type: "text" };
import pause from "./scripts/pause.lua" with { type: "text" };
import position from "./scripts/position.lua" with { type: "text" };
import promote from "./scripts/promote.lua" with { type: "text" };
import purge from "./scripts/purge.lua" with { type: "text" };
import queues from "./scripts/queues.lua" with { type: "text" };
import reap from "./scripts/reap.lua" with { type: "text" };
import reapBegin from "./scripts/reap_begin.lua" with { type: "text" };
import report from "./scripts/report.lua" with { type: "text" };
import retry from "./scripts/retry.lua" with { type: "text" };
import revoke from "./scripts/revoke.lua" with { type: "text" };
import sampleBegin from "./scripts/sample_begin.lua" with { type: "text" };
import samplePut from "./scripts/sample_put.lua" with { type: "text" };
import samples from "./scripts/samples.lua" with { type: "text" };
import scheduleDue from "./scripts/schedule_due.lua" with { type: "text" };
import scheduleGet from "./scripts/schedule_get.lua" with { type: "text" };
import scheduleImport from "./scripts/schedule_import.lua" with { type: "text" };
import scheduleList from "./scripts/schedule_list.lua" with { type: "text" };
import schedulePut from "./scripts/schedule_put.lua" with { type: "text" };
import scheduleRemove from "./scripts/schedule_remove.lua" with { type: "text" };
import scheduleRuns from "./scripts/schedule_runs.lua" with { type: "text" };
import scheduleTick from "./scripts/schedule_tick.lua" with { type: "text" };
import schedules from "./scripts/schedules.lua" with { type: "text" };
import settle from "./scripts/settle.lua" with { type: "text" };
import stats from "./scripts/stats.lua" with { type: "text" };
import waiting from "./scripts/waiting.lua" with { type: "text" };
import workers from "./scripts/workers.lua" with { type: "text" };

const BUCKETS = `local BUCKETS_MS = { ${BUCKETS_MS.join(", ")} }`;

/** What scripts share, cut into its definitions with their names, each after those that it uses. */
const LIBRARY = [BUCKETS, lib, steps, accept, waiting, schedules].flatMap((part) =>
  withoutComments(part).split(/\n(?=local )/).flatMap((text) => {
    const names = namesOf(text);
    return names.length > 0
      ? [{ text, names, name: new RegExp(`\\b(?:${names.join("|")})\\b`) }]
      : [];
  })
);

/** What a definition at the outermost level defines. */
function namesOf(definition: string): string[] {
  return /^local (?:function )?(\w+(?:, \w+)*)/.exec(definition)?.[1]?.split(", ") ?? [];
}

function withoutComments(lua: string): string {
  return lua.replaceAll(/ *--.*$/gm, "");
}

/**
 * Puts what a script uses of the library in front of the first of its paragraphs that does: each call makes
 * anew all functions that it comes to, which takes longer than many a command, so what ends early has few.
 * @throws {Error} the script defines a name that the library has, which would take that one's place
 */
function link(body: string): string {
  const own = new Set(body.split("\n").flatMap(namesOf));
  const clash = LIBRARY.flatMap(({ names }) => names).find((name) => own.has(name));
  if (clash !== undefined) throw new Error(`a script and the library both define ${clash}`);
  const placed = new Set<string>();
  return withoutComments(body).split(/\n{2,}(?=\S)/).map((paragraph) =>
    LIBRARY.reduceRight((script, { text, name }) => {
      if (placed.has(text) || !name.test(script)) return script;
      placed.add(text);
      return `${text}\n${script}`;
    }, paragraph)
  ).join("\n");
}

/** One script: sent in full only where the server does not know it yet. */
export class Script {
  #linked: { source: string; sha: string } | undefined;

  constructor(private readonly body: string) {}

  async run(redis: Redis, args: (string | number)[]): Promise<unknown> {
    const { source, sha } = this.#linked ??= this.#link();
    try {
      return await send(redis, "evalsha", [sha, 1, PREFIX, ...args]);
    } catch (error) {
      if (!replyError(error)?.startsWith("NOSCRIPT")) throw error;
      return await send(redis, "eval", [source, 1, PREFIX, ...args]);
    }
  }

  #link(): { source: string; sha: string } {
    const source = withKeys(link(this.body));
    return { source, sha: createHash("sha1").update(source).digest("hex") };
  }
}

/**
 * Sends a command and then takes its words and its answer from it. A command of ioredis refers to itself by
 * a function that it assigns to a property; V8 makes such functions among its old objects, so what they
 * refer to is garbage only to a full collection, and until then each collection copies it.
 */
async function send(redis: Redis, name: string, words: (string | number)[]): Promise<unknown> {
  gather(redis);
  const command = new Command(name, words, { replyEncoding: "utf8" });
  try {
    const reply = await redis.sendCommand(command);
    return Array.isArray(reply) ? reply.splice(0) : reply;
  } finally {
    command.args.length = 0;
  }
}

/**
 * Has the calls of one turn of the event loop written together: a write that wakes Redis up takes longer than most
 * calls do.
 */
function gather({ stream }: Redis): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  nextTick(() => stream.uncork());
}

/** What an error reply of the server says; undefined for any other error. */
export function replyError(error: unknown): string | undefined {
  return error instanceof Error && error instanceof ReplyError ? error.message : undefined;
}

export const scripts = {
  accessPut: new Script(accessPut),
  accessRead: new Script(accessRead),
  accessSpend: new Script(accessSpend),
  adopt: new Script(adopt),
  auditList: new Script(auditList),
  auditNote: new Script(auditNote),
  claim: new Script(claim),
  clock: new Script(clock),
  counts: new Script(counts),
  commandSend: new Script(commandSend),
  commandTake: new Script(commandTake),
  enqueue: new Script(enqueue),
  events: new Script(events),
  forget: new Script(forget),
  get: new Script(get),
  heartbeat: new Script(heartbeat),
  import: new Script(importTasks),
  leave: new Script(leave),
  limit: new Script(limit),
  limits: new Script(limits),
  list: new Script(list),
  oldest: new Script(oldest),
  pause: new Script(pause),
  position: new Script(position),
  promote: new Script(promote),
  purge: new Script(purge),
  queues: new Script(queues),
  reap: new Script(reap),
  reapBegin: new Script(reapBegin),
  report: new Script(report),
  retry: new Script(retry),
  revoke: new Script(revoke),
  sampleBegin: new Script(sampleBegin),
  samplePut: new Script(samplePut),
  samples: new Script(samples),
  scheduleDue: new Script(scheduleDue),
  scheduleGet: new Script(scheduleGet),
  scheduleImport: new Script(scheduleImport),
  scheduleList: new Script(scheduleList),
  schedulePut: new Script(schedulePut),
  scheduleRemove: new Script(scheduleRemove),
  scheduleRuns: new Script(scheduleRuns),
  scheduleTick: new Script(scheduleTick),
  settle: new Script(settle),
  stats: new Script(stats),
  workers: new Script(workers),
};
