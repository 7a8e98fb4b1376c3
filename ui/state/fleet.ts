/** The live workers, with what this browser notices of them. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { WorkerInfo } from "../../jobs/wire.ts";
import { goneFrom, isSilent, listen, type Pulse } from "../fleet.ts";
import { toast } from "../notices.ts";
import { now } from "./clock.ts";
import { link } from "./connection.ts";
import { useTopic } from "./topics.ts";

export interface Fleet {
  /** Null until they are known. */
  workers: WorkerInfo[] | null;
  /** Those of which nothing has been heard for too long; their leases run out soon. */
  silent: ReadonlySet<string>;
}

/** Keeps the workers true while a component is shown, and says which of them go away. */
export function useFleet(): Fleet {
  const workers = useTopic("workers");
  const before = useSignal<WorkerInfo[] | null>(null);
  const silent = useSilent(workers);
  useEffect(() => {
    if (workers === null) return;
    for (const worker of goneFrom(before.peek() ?? [], workers)) sayGone(worker);
    before.value = workers;
  }, [workers]);
  return { workers, silent };
}

/** Names of the workers of which nothing has been heard for too long, while there is a link to hear by. */
export function useSilent(workers: WorkerInfo[] | null): ReadonlySet<string> {
  const pulses = useSignal<Map<string, Pulse>>(new Map());
  const openSince = useSignal(Date.now());
  useEffect(() => {
    if (link.value === "open") openSince.value = Date.now();
  }, [link.value]);
  useEffect(() => {
    if (workers !== null) pulses.value = listen(pulses.peek(), workers, Date.now());
  }, [workers]);
  const silent = link.value === "open"
    ? [...pulses.value].filter(([, pulse]) => isSilent(pulse, now.value, openSince.value))
    : [];
  return new Set(silent.map(([name]) => name));
}

function sayGone({ name, mode, running }: WorkerInfo): void {
  if (mode === "stopping") return toast({ text: `${name} has shut down.` });
  const rest = running.length > 0 ? " What it ran goes to others." : "";
  toast({ kind: "bad", text: `${name} is gone: it ended, or nothing was heard of it.${rest}` });
}
