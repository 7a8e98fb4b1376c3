/** Does what the plan says, each fault in its time. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Downtime } from "./audit.ts";
import type { Fleet, Member } from "./fleet.ts";
import { describe, type Fault } from "./plan.ts";
import type { ChaosStore } from "./store.ts";

interface Scene {
  fleet: Fleet;
  store: ChaosStore;
  /** Filled in: when the store could not be used. */
  downtimes: Downtime[];
  /** Filled in: when everyone was stopped. */
  sleeps: Downtime[];
  say: (line: string) => void;
  signal: AbortSignal;
}

/** What is still away from the fault before is let be. Resolves when all are back. */
export async function harmAll(faults: Fault[], scene: Scene): Promise<void> {
  const { fleet, store, say, signal } = scene;
  let started = performance.now();
  const busy = new Set<Member | ChaosStore>();
  const running: Promise<void>[] = [];
  for (const fault of faults) {
    const wait = Math.max(0, started + fault.atMs - performance.now());
    await sleep(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    if (fault.whom === "everyone") {
      // While a machine sleeps nobody is started either: all have to be there, and others wait.
      const now = performance.now();
      await allDone(running.splice(0));
      say(describe(fault));
      await sleepAll(fault.forMs, scene);
      started += performance.now() - now;
      continue;
    }
    const subject = fault.whom === "store" ? store : fleet.member(fault.whom, fault.number);
    if (busy.has(subject)) {
      say(`${describe(fault)} (left out: still away)`);
      continue;
    }
    say(describe(fault));
    busy.add(subject);
    const done = harm(fault, scene).finally(() => busy.delete(subject));
    done.catch(() => {}); // allDone tells of it
    running.push(done);
  }
  await allDone(running);
}

async function harm(
  fault: Exclude<Fault, { whom: "everyone" }>,
  { fleet, store, downtimes, signal }: Scene,
): Promise<void> {
  if (fault.whom !== "store") {
    return await fleet.harm(
      fleet.member(fault.whom, fault.number),
      fault.what,
      fault.forMs,
      signal,
    );
  }
  const away = { from: Date.now(), to: Infinity };
  downtimes.push(away);
  await store.harm(fault.what, fault.forMs, signal);
  away.to = Date.now();
}

async function sleepAll(ms: number, { fleet, store, sleeps, signal }: Scene): Promise<void> {
  const asleep = { from: Date.now(), to: Infinity };
  sleeps.push(asleep);
  store.freeze();
  const there = fleet.members.map(({ life }) => life).filter(({ hasEnded }) => !hasEnded);
  for (const { program } of there) program.signal("SIGSTOP");
  await sleep(ms, undefined, { signal });
  store.thaw();
  for (const { program } of there) program.signal("SIGCONT");
  asleep.to = Date.now();
}

/** Waits for all of them, whatever becomes of some. */
export async function allDone(promises: Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(promises);
  await Promise.all(promises);
}
