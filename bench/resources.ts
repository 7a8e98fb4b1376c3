/** What processes need of the machine, as Linux counts it. */

import { setTimeout as sleep } from "node:timers/promises";

/** Clock ticks a second in /proc, on every Linux that Deno runs on. */
const TICKS = 100;
const SETTLED_MS = 1000;

/** Undefined where it can be measured. */
export function resourcesMissing(): Promise<string | undefined> {
  return Promise.resolve(Deno.build.os === "linux" ? undefined : "only Linux says it in /proc");
}

/** Resident memory, when it has not changed by more than 1 % for a second. */
export async function settledKib(pid: number): Promise<number> {
  let before = await residentKib(pid);
  for (let looks = 0; looks < 10; looks++) {
    await sleep(SETTLED_MS);
    const now = await residentKib(pid);
    if (Math.abs(now - before) < now / 100) return now;
    before = now;
  }
  return before;
}

export async function residentKib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
}

/**
 * Memory of a process and all below it. Of one process it is its resident memory; what several share is
 * counted once.
 */
export async function familyKib(pid: number): Promise<number> {
  const all = await family(pid);
  if (all.length === 1) return await residentKib(pid);
  let sum = 0;
  for (const each of all) {
    const text = await Deno.readTextFile(`/proc/${each}/smaps_rollup`);
    sum += Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]);
  }
  return sum;
}

/** Processor time so far of a process and all below it, in ms. */
async function familyCpuMs(pid: number): Promise<number> {
  let ticks = 0;
  for (const each of await family(pid)) {
    const { user, system } = await stat(each);
    ticks += user + system;
  }
  return ticks / TICKS * 1000;
}

/** Share of a core, in percent, that a process and all below it need during some time. */
export async function cpuPercent(pid: number, ms: number): Promise<number> {
  const [before, started] = [await familyCpuMs(pid), performance.now()];
  await sleep(ms);
  return (await familyCpuMs(pid) - before) / (performance.now() - started) * 100;
}

async function family(pid: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const { parent } = await stat(Number(name));
      children.set(parent, [...children.get(parent) ?? [], Number(name)]);
    } catch {
      // It has ended meanwhile.
    }
  }
  const all = [pid];
  for (const each of all) all.push(...children.get(each) ?? []);
  return all;
}

async function stat(pid: number): Promise<{ parent: number; user: number; system: number }> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const [, parent = 0] = fields;
  return { parent, user: fields[11] ?? 0, system: fields[12] ?? 0 };
}
