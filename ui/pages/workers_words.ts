/** What a worker says of itself, in words. */

import { html } from "htm/preact";
import type { WorkerInfo } from "../../jobs/wire.ts";
import { Tag } from "../components/badge.ts";
import { Meter } from "../components/meter.ts";
import { bytes } from "../format.ts";

const TONES = { working: "good", quiet: "warn", stopping: "warn" } as const;

/** Its mode, and whether it is silent. */
export function Mode({ worker, isSilent }: { worker: WorkerInfo; isSilent: boolean }) {
  return html`
    <${Tag} tone=${TONES[worker.mode]}>${worker.mode}<//>
    ${isSilent && html`<${Tag} tone="bad">silent<//>`}
  `;
}

/** How many of its slots are busy. */
export function BusySlots({ worker }: { worker: WorkerInfo }) {
  const { active, concurrency } = worker;
  return html`
    <div class="busy">
      <span><strong>${active}</strong> <span class="muted">of ${concurrency} busy</span></span>
      <${Meter} value=${active} max=${concurrency} label=${`Busy slots of ${worker.name}`} />
    </div>
  `;
}

export function memory(mib: number): string {
  return bytes(mib * 1024 * 1024);
}

export function loadAverage(values: number[]): string {
  return values.map((value) => value.toFixed(2)).join("  ");
}
