/**
 * Schedules that are declared in code. Processes with different code may run at the same time: each says
 * again and again what it declares, and what counts is what came last of that which any living one
 * declares. So an old process that starts once more changes nothing, and what nobody declares any more
 * is deleted.
 */

import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import type { Duty } from "../lib/ticker.ts";
import type { Broker } from "./broker.ts";
import { brokerDuty } from "./broker_duty.ts";
import { checkFields } from "./options.ts";
import type { Registry } from "./registry.ts";
import {
  type Declared,
  DECLARED_FIELDS,
  type DeclaredSchedule,
  prepareSchedule,
  type ScheduleBody,
} from "./schedule.ts";
import type { StoredSchedule } from "./schedule_store.ts";
import { nextDue } from "./schedule_times.ts";

/** A process that has not said for so long what it declares is gone. */
const DECLARED_FOR_MS = 60_000;

/** After a broker that was away, or another who changed the same schedule. */
const RETRY_MS = 1000;

const log = getLogger(["taskapp", "schedules"]);

/**
 * Checks what is declared, so that a mistake is known before a process starts.
 * @throws {TypeError} what is wrong, and with which schedule
 */
export async function checkDeclared(
  registry: Registry,
  declared: readonly DeclaredSchedule[],
): Promise<void> {
  const names = new Set<string>();
  for (const { name, ...definition } of declared) {
    if (names.has(name)) throw new TypeError(`Two schedules have the name "${name}"`);
    names.add(name);
    try {
      checkFields(definition, DECLARED_FIELDS);
      await prepareSchedule(registry, name, definition, 0);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TypeError(`Schedule "${name}" is not right: ${reason}`);
    }
  }
}

/**
 * Declares schedules, as long as this process lives.
 * @param declaredForMs how long a declaration holds
 */
export function declareDuty(
  broker: Broker,
  registry: Registry,
  declared: readonly DeclaredSchedule[],
  declaredForMs = DECLARED_FOR_MS,
): Duty {
  const startedAt = performance.now();
  let doneAt = -Infinity;
  // Often enough that a declaration outlives several attempts in vain to say it again.
  return brokerDuty("declare", Math.min(RETRY_MS, declaredForMs / 12), async () => {
    if (performance.now() - doneAt < declaredForMs / 3) return;
    const now = await broker.schedules.now();
    const since = now - declaredForMs;
    const inCode = new Map((await broker.schedules.inCode()).map((each) => [each.name, each]));
    let isDone = true;
    for (const definition of declared) {
      const { name } = definition;
      const stored = inCode.get(name) ?? await broker.schedules.get(name);
      inCode.delete(name);
      if (!await declare(broker, registry, definition, stored, now, since)) isDone = false;
    }
    if (isDone) doneAt = performance.now();
    // All may have been stopped: the others get the time to come back.
    if (performance.now() - startedAt < declaredForMs) return;
    for (const { name, revision, body } of inCode.values()) {
      const { declared } = JSON.parse(body) as ScheduleBody;
      if (Object.keys(living(declared, since)).length > 0) continue;
      if (!await broker.schedules.remove(name, revision)) continue;
      log.info("Schedule {name} is deleted: no process declares it any more", { name });
    }
  });
}

/** Declares one; answers false where another has changed it meanwhile. */
async function declare(
  { schedules }: Broker,
  registry: Registry,
  { name, ...definition }: DeclaredSchedule,
  stored: StoredSchedule | null,
  now: number,
  since: number,
): Promise<boolean> {
  const old = stored ? JSON.parse(stored.body) as ScheduleBody : undefined;
  const body = await prepareSchedule(registry, name, definition, now, old);
  const own = fingerprint(body);
  const before = old?.declared;
  const known = living(before, since);
  const mine = before?.known[own];
  // Of many processes with the same code one writes at a time.
  const isFresh = mine !== undefined && mine.seen > since + (now - since) * 5 / 6;
  known[own] = { since: mine?.since ?? now, seen: isFresh ? mine.seen : now };
  const isNew = before?.applied !== own && newest(known) === own;
  if (stored && before && !isNew && isFresh) return true;
  const applied = isNew || !old ? { ...body, declared: { applied: own, known } } : {
    ...old,
    declared: { applied: before?.applied ?? own, known },
  };
  const isSame = applied.timing === old?.timing;
  const next = isSame && stored
    ? stored.next
    : applied.paused
    ? null
    : nextDue(applied.timing, now);
  const put = { name, body: JSON.stringify(applied), inCode: true, next };
  const done = await schedules.put(put, stored?.revision ?? null);
  if (done === "stored" && isNew) log.info("Schedule {name} is as this code declares it", { name });
  if (done === "full") log.error("Schedule {name} is not stored: there are too many", { name });
  return done !== "changed";
}

/** Those of the declarations that a living process has made. */
function living(declared: Declared | undefined, since: number): Declared["known"] {
  return Object.fromEntries(
    Object.entries(declared?.known ?? {}).filter(([, { seen }]) => seen > since),
  );
}

function newest(known: Declared["known"]): string | undefined {
  const sorted = Object.entries(known).sort(([one, a], [other, b]) =>
    b.since - a.since || (one < other ? 1 : -1)
  );
  return sorted[0]?.[0];
}

/** The same for the same declaration of the same task. */
function fingerprint({ task, args, options, timing, misfire, call }: ScheduleBody): string {
  const { anchor: _, ...times } = timing;
  const all = JSON.stringify([task, args, options, times, misfire, call]);
  return createHash("sha1").update(all).digest("hex").slice(0, 16);
}
