/** Compares what was acknowledged with what the broker, its events, the store and the recorder say. */

import type { Broker } from "../../jobs/broker.ts";
import { isReady, type Json, type Task } from "../../jobs/wire.ts";
import type { Findings } from "./findings.ts";
import { Flow } from "./flow.ts";
import type { Absence } from "./fleet.ts";
import type { Call } from "./load.ts";
import type { Producer } from "./producer.ts";
import type { Recorder } from "./recorder.ts";
import type { Kept, Look } from "./store.ts";
import { absenceIn, mistakeIn, type Run, runsOf } from "./trail.ts";

/** Tasks that are asked for at a time. */
const AT_ONCE = 50;
/** What is silent for less keeps its tasks, if the store could hear it. */
const LEASE_MS = 8000;
/** An outage of the store excuses lost leases until so long after it. */
const OUTAGE_FELT_MS = 15_000;

/** When the store could not be used, by Unix time in ms. */
export interface Downtime {
  from: number;
  to: number;
}

/** How one lost run went on, in ms from the fault that ended it. */
export interface Recovery {
  what: Absence["what"];
  /** Until its task waited again. */
  backMs: number;
  /** Until it ran again; null where it was revoked before or had been lost too often. */
  rerunMs: number | null;
  /** The store could be used all the while. */
  calm: boolean;
}

export interface Verdict {
  accepted: number;
  ended: Record<"SUCCESS" | "FAILURE" | "REVOKED", number>;
  workerLost: number;
  lost: number;
  /** Deliveries beyond the first and beyond the retries. */
  repeated: number;
  /** Side effects beyond one, and beyond one for each retry. */
  duplicates: number;
  effects: number;
  recoveries: Recovery[];
}

export interface Evidence {
  broker: Broker;
  producer: Producer;
  recorder: Recorder;
  look: Look;
  absences: Absence[];
  downtimes: Downtime[];
  /** When everyone was stopped: no reason to lose anything. */
  sleeps: Downtime[];
}

export async function audit(evidence: Evidence, findings: Findings): Promise<Verdict> {
  const { producer, look } = evidence;
  const verdict: Verdict = {
    accepted: producer.accepted.size,
    ended: { SUCCESS: 0, FAILURE: 0, REVOKED: 0 },
    ...{ workerLost: 0, lost: 0, repeated: 0, duplicates: 0, effects: 0, recoveries: [] },
  };
  findStrangers(evidence, findings);
  // A unique call may have been answered with another's task: what that says of itself counts.
  const calls = new Map<string, Call | undefined>(producer.accepted);
  for (const id of look.tasks.keys()) calls.set(id, callOf(evidence, id) ?? calls.get(id));
  const queue = calls.entries();
  const check = async () => {
    for (const [id, call] of queue) {
      if (call) await checkOne(evidence, findings, verdict, flow, id, call);
    }
  };
  const flow = new Flow();
  await Promise.all(Array.from({ length: AT_ONCE }, check));
  flow.check(findings);
  await checkCounters(evidence, findings);
  return verdict;
}

/** Tasks that nobody enqueued, two for one request, and halves of a batch. */
function findStrangers({ producer, look, recorder }: Evidence, findings: Findings): void {
  const seen = new Map<number, string>();
  for (const kept of look.tasks.values()) {
    const n = markOf(kept);
    if (kept.schedule !== "") continue;
    if (n === null) {
      if (!producer.given.has(kept.id)) findings.add("a task exists that nobody enqueued", kept.id);
      continue;
    }
    if (!producer.tried.has(n)) findings.add("a task exists that nobody enqueued", kept.id);
    const other = seen.get(n);
    if (other) findings.add("one request has made two tasks", `${other} and ${kept.id}`);
    seen.set(n, kept.id);
  }
  for (const batch of producer.unanswered) {
    const there = batch.filter(({ n }) => seen.has(n)).length;
    if (there > 0 && there < batch.length) {
      findings.add("a batch was accepted in part", `${there} of ${batch.length}`);
    }
  }
  for (const n of recorder.marks()) {
    const effects = recorder.of(n);
    if (effects?.mixed) findings.add("two tasks have had the effects of one request", `${n}`);
    if (!seen.has(n)) findings.add("a task had an effect and does not exist", effects?.id ?? "");
  }
}

/** The number in the load that a task carries in its arguments, if it does. */
function markOf({ args }: Kept): number | null {
  const mark = /"url":"http:\/\/[^/"]+\/(\d+)"/.exec(args)?.[1];
  return mark === undefined ? null : Number(mark);
}

/** What a schedule starts. */
const TICK: Call = { n: 0, name: "count_primes", order: {}, args: [2], ends: ["SUCCESS"] };

function callOf({ producer, look }: Evidence, id: string): Call | undefined {
  const kept = look.tasks.get(id);
  if (kept?.schedule) return TICK;
  const n = kept && markOf(kept);
  return n === null || n === undefined ? undefined : producer.tried.get(n);
}

async function checkOne(
  { broker, producer, recorder, look, absences, downtimes, sleeps }: Evidence,
  findings: Findings,
  verdict: Verdict,
  flow: Flow,
  id: string,
  call: Call,
): Promise<void> {
  const [task, events] = await Promise.all([broker.get(id), broker.events(id, 0)]);
  const kept = look.tasks.get(id);
  if (!task || !events || !kept) {
    verdict.lost++;
    return findings.add("an acknowledged task is lost", `${id} (${call.n})`);
  }
  const story = `${id} (${events.map(({ status, worker }) => worker ?? status).join(" ")})`;
  if (!isReady(task.status)) {
    verdict.lost++;
    return findings.add(`an acknowledged task has not ended and is ${task.status}`, story);
  }
  verdict.ended[task.status]++;
  if (task.status !== kept.status) findings.add("the broker and its store disagree", story);
  const mistake = mistakeIn(events);
  if (mistake) findings.add(`a task's events are wrong: ${mistake}`, story);
  checkEnd(task, call, producer, findings, story);
  if (task.error?.type === "WorkerLostError") verdict.workerLost++;

  const times = recorder.of(call.n)?.calls ?? [];
  const calls = times.length;
  verdict.effects += calls;
  verdict.repeated += Math.max(0, task.deliveries - 1 - task.retries);
  verdict.duplicates += Math.max(0, calls - 1 - task.retries);
  if (calls > task.deliveries) {
    findings.add(`a task had more effects than deliveries`, `${calls}: ${story}`);
  }
  if (call.name === "webhook" && task.status === "SUCCESS" && calls === 0) {
    findings.add("a task ended SUCCESS and never ran", story);
  }
  const runs = runsOf(events);
  if (runs.length !== task.deliveries) {
    findings.add(`a task has ${task.deliveries} deliveries and ${runs.length} runs`, story);
  }
  flow.note(call, task, events, runs);
  if (call.neverTwice && isTwice(task, kept, calls, runs)) {
    findings.add("a task that must not run again when its worker is lost did", story);
  }
  if (call.name === "webhook" && task.status === "SUCCESS" && isStale(task.result, times, runs)) {
    findings.add("a task has the result of a run that it had been taken from", story);
  }
  const excused = runs.filter((run) => isExcused(run, absences, downtimes)).length;
  if (kept.lost > excused) findings.add("a task was taken from a worker that lived", story);
  for (const run of runs) noteRecovery(run, absences, [...downtimes, ...sleeps], verdict);
}

/** Whether it ran again for another reason than its own failure or a worker that stopped in peace. */
function isTwice({ retries, status }: Task, { lost }: Kept, calls: number, runs: Run[]): boolean {
  const handedBack = runs.filter(({ end }) => end === "PENDING").length;
  return calls > 1 + retries + handedBack || (lost > 0 && status === "SUCCESS");
}

/** Whether a result is the recorder's answer to another than the last run. */
function isStale(result: Json, times: number[], runs: Run[]): boolean {
  const call = /"answer":"call (\d+)"/.exec(JSON.stringify(result))?.[1];
  const at = times[Number(call) - 1] ?? NaN;
  const last = runs.at(-1);
  return !last || !(at >= last.from && at <= last.to);
}

function checkEnd(
  task: Task,
  call: Call,
  producer: Producer,
  findings: Findings,
  story: string,
): void {
  const revoked = producer.revoked.get(task.task_id);
  if (revoked !== undefined && revoked !== task.status) {
    findings.add(`a task ended ${task.status} after its revocation was answered ${revoked}`, story);
  }
  const expected = call.ends.some((state) => state === task.status);
  if (!expected && task.error?.type !== "WorkerLostError") {
    const why = task.error === null ? "" : ` (${task.error.type}: ${task.error.message})`;
    findings.add(
      `a task should have ended ${call.ends.join(" or ")}`,
      `${task.status}${why} ${story}`,
    );
  }
}

/** Whether there was a reason to take the task from its worker. */
function isExcused(run: Run, absences: Absence[], downtimes: Downtime[]): boolean {
  if (downtimes.some(({ from, to }) => from <= run.to && to + OUTAGE_FELT_MS >= run.to)) {
    return true;
  }
  const absence = absenceIn(run, absences);
  return absence !== undefined &&
    (absence.what !== "stop" || Math.min(absence.to, run.to) - absence.from >= LEASE_MS);
}

function noteRecovery(
  run: Run,
  absences: Absence[],
  disturbances: Downtime[],
  verdict: Verdict,
): void {
  const absence = absenceIn(run, absences);
  if (run.end !== "PENDING" || !absence) return;
  const silentMs = Math.min(absence.to, run.to) - absence.from;
  if (absence.what === "stop" && silentMs < LEASE_MS) return;
  verdict.recoveries.push({
    what: absence.what,
    backMs: run.to - absence.from,
    rerunMs: run.next === null ? null : run.next - absence.from,
    calm: !disturbances.some(({ from, to }) => from <= run.to && to >= absence.from - LEASE_MS),
  });
}

/** The broker's totals against what is there, when nothing waits and nothing runs. */
async function checkCounters({ broker, look }: Evidence, findings: Findings): Promise<void> {
  const stats = await broker.stats();
  const tasks = [...look.tasks.values()];
  if (stats.enqueued !== tasks.length) {
    findings.add(
      `the counter of enqueued tasks says ${stats.enqueued}, and there are ${tasks.length}`,
    );
  }
  for (const state of ["SUCCESS", "FAILURE", "REVOKED"] as const) {
    const counted = stats.outcomes.filter(({ outcome }) => outcome === state)
      .reduce((sum, { count }) => sum + count, 0);
    const there = tasks.filter(({ status }) => status === state).length;
    if (counted !== there) {
      findings.add(`the counters say ${counted} tasks ended ${state}, and there are ${there}`);
    }
  }
  for (const { name, waiting, scheduled, active } of await broker.queues()) {
    if (waiting + scheduled + active === 0) continue;
    findings.add(
      `queue ${name} says ${waiting} waiting, ${scheduled} scheduled, ${active} active at the end`,
    );
  }
}
