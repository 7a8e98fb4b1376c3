/**
 * One run: real processes of the program on a real store, harmed as the seed says while tasks are
 * enqueued, then left alone, then looked at.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { BrokerUnavailableError } from "../../jobs/broker.ts";
import { connectBroker } from "../../jobs/connect.ts";
import { audit, type Downtime, type Verdict } from "./audit.ts";
import { Clockwork } from "./clockwork.ts";
import { Findings } from "./findings.ts";
import { Fleet, type Member, SLOTS } from "./fleet.ts";
import type { Call } from "./load.ts";
import { Flow } from "./flow.ts";
import { allDone, harmAll } from "./harm.ts";
import { Orders } from "./orders.ts";
import { type Options, plan } from "./plan.ts";
import { Producer } from "./producer.ts";
import { Recorder } from "./recorder.ts";
import { Spectator } from "./spectator.ts";
import { startStore } from "./store.ts";

/** Longer than any run, so that everything is there to be looked at. */
const RESULT_EXPIRES_S = 7 * 86_400;
/** The first start of a program may have to fill caches. */
const START_WITHIN_MS = 60_000;
/** When all is up again, something must end or move in this time. */
const STUCK_AFTER_MS = 45_000;
const ANSWER_WITHIN_MS = 20_000;
/** Of so many tasks one is watched live. */
const WATCH_EVERY = 5;
/** A process may grow by so much after its warm-up. Task code is run in it, and garbage kept. */
const MAX_GROWTH_MIB = 64;

export interface Report {
  options: Options;
  findings: string[];
  verdict: Verdict;
  fleet: Pick<Fleet, "counts" | "growth">;
  orders: number;
  outages: number;
  sleeps: number;
  failures: number;
  watched: { tasks: number; connections: number };
  size: string;
  minutes: number;
}

/** @param say hears of each fault as it happens, and of what the run is at */
export async function chaos(
  options: Options,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const faults = plan(options);
  const findings = new Findings();
  const started = performance.now();
  await using store = await startStore(options.broker);
  await using recorder = new Recorder();
  const broker = connectBroker(store.url, { resultExpires: RESULT_EXPIRES_S });
  await using _broker = { [Symbol.asyncDispose]: () => broker.close() };
  const env = {
    TASKAPP_BROKER: store.url,
    TASKAPP_LOGLEVEL: "error",
    TASKAPP_RESULT_EXPIRES: `${RESULT_EXPIRES_S}`,
    TASKAPP_WEBHOOK_HOSTS: recorder.host,
  };
  await using fleet = new Fleet(env, store.cwd);
  for (let i = 1; i <= options.servers; i++) fleet.start("server", i);
  for (let i = 1; i <= options.workers; i++) fleet.start("worker", i);
  const ready = () => everyoneAnswers(fleet, async () => (await broker.workers()).map(nameOf));
  await within(START_WITHIN_MS, signal, async () => (await ready()).length === 0);

  const servers = fleet.members.filter(({ whom }) => whom === "server").map(urlOf);
  await using spectator = new Spectator(servers, findings);
  const url = `http://${recorder.host}`;
  const producer = new Producer(broker, servers, url, findings, signal, (id, { n }) => {
    if (n % WATCH_EVERY === 0) spectator.watch(id);
  });
  const downtimes: Downtime[] = [];
  const sleeps: Downtime[] = [];
  await Flow.setUp(broker);
  const clockwork = new Clockwork(broker);
  await clockwork.start();
  say(`all are up; ${faults.length} faults in ${options.minutes} min`);
  const orders = new Orders(broker, options.seed, findings);
  orders.start(signal);
  await allDone([
    harmAll(faults, { fleet, store, downtimes, sleeps, say, signal }),
    producer.run(options.seed, options.rate, options.minutes * 60_000),
  ]);

  say("no more faults; waiting until all is quiet");
  await producer.answered();
  const there = () => broker.ping().then(() => true, () => false);
  await within(ANSWER_WITHIN_MS, signal, there);
  // Who was stopped beyond its lease cannot be told anything before it has signed on again.
  await within(START_WITHIN_MS, signal, async () => (await ready()).length === 0);
  await orders.end(signal);
  await clockwork.stop();
  const stuck = await quiet(broker, signal);
  if (stuck) findings.add(stuck);
  await rollCall(fleet, producer, broker, findings, signal);
  await within(ANSWER_WITHIN_MS, signal, async () => (await ready()).length === 0);
  for (const silent of await ready()) findings.add(silent);
  await within(ANSWER_WITHIN_MS, signal, () => Promise.resolve(spectator.waiting.length === 0));
  for (const id of spectator.waiting) findings.add("a watcher was not told of a task's end", id);
  fleet.settle();
  for (const finding of fleet.findings) findings.add(finding);
  const { growth } = fleet;
  if (growth && growth.mib > MAX_GROWTH_MIB) {
    findings.add(`${growth.name} grew by ${Math.round(growth.mib)} MiB after its warm-up`);
  }

  say("looking at what is there");
  const look = await store.look(new Set((await broker.workers()).map(({ name }) => name)));
  for (const finding of look.findings) findings.add(finding);
  await clockwork.check([...look.tasks.values()], findings);
  const { absences, counts } = fleet;
  const evidence = { broker, producer, recorder, look, absences, downtimes, sleeps };
  const verdict = await audit(evidence, findings);
  return {
    ...{ options, verdict, size: look.size, failures: producer.failures },
    findings: findings.lines(),
    watched: { tasks: spectator.ended, connections: spectator.connections },
    fleet: { counts, growth },
    orders: orders.told,
    outages: downtimes.length,
    sleeps: sleeps.length,
    minutes: (performance.now() - started) / 60_000,
  };
}

type TheBroker = ReturnType<typeof connectBroker>;

/** Waits until nothing waits and nothing runs; says what is stuck if nothing moves any more. */
async function quiet(broker: TheBroker, signal: AbortSignal): Promise<string | null> {
  let last = "", since = performance.now();
  for (;;) {
    const queues = await broker.queues().catch(ifUnavailable(null));
    const stats = await broker.stats().catch(ifUnavailable(null));
    const busy = queues?.some((each) => each.waiting + each.scheduled + each.active > 0);
    if (stats && busy === false) return null;
    const now = JSON.stringify([queues, stats?.outcomes]);
    if (now !== last) since = performance.now();
    last = now;
    if (performance.now() - since > STUCK_AFTER_MS) {
      const left = queues?.map(({ name, waiting, scheduled, active }) =>
        `${name} ${waiting} waiting, ${scheduled} scheduled, ${active} active`
      );
      return `nothing has moved for ${STUCK_AFTER_MS / 1000} s, and ` +
        (left ? `there is left: ${left.join("; ")}` : "the store does not answer");
    }
    await sleep(250, undefined, { signal });
  }
}

/** Gives every slot something to do, so that a worker that lives but takes nothing is found. */
async function rollCall(
  fleet: Fleet,
  producer: Producer,
  broker: TheBroker,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const workers = fleet.members.filter(({ whom }) => whom === "worker");
  const silent = new Set(workers.map(({ life }) => life.name));
  let n = Math.max(0, ...producer.tried.keys());
  for (let round = 0; round < 3 && silent.size > 0; round++) {
    const calls = Array.from({ length: workers.length * SLOTS }, (): Call => (
      { n: ++n, name: "webhook", order: { ms: 1500 }, args: [], ends: ["SUCCESS"] }
    ));
    for (const call of calls) producer.submit({ atMs: 0, way: "broker", calls: [call] });
    await producer.answered();
    await quiet(broker, signal);
    const marks = new Set(calls.map((call) => call.n));
    for (const [id, call] of producer.accepted) {
      if (!marks.has(call.n)) continue;
      const worker = (await broker.get(id))?.worker;
      if (worker) silent.delete(nameOf({ name: worker }));
    }
  }
  for (const name of silent) findings.add("a worker lives and takes no tasks", name);
}

/** Who does not answer, or is named as a worker and is none. */
async function everyoneAnswers(
  { members }: Fleet,
  listed: () => Promise<string[]>,
): Promise<string[]> {
  const names = await listed().catch(ifUnavailable<string[]>([]));
  const expected = members.filter(({ whom }) => whom === "worker").map(({ life }) => life.name);
  const findings = [
    ...expected.filter((name) => !names.includes(name)).map((name) => `${name} is not listed`),
    ...names.filter((name) => !expected.includes(name)).map((name) => `${name} is listed and gone`),
  ];
  for (const member of members.filter(({ whom }) => whom === "server")) {
    const status = await fetch(`${urlOf(member)}/readyz`, { signal: AbortSignal.timeout(5000) })
      .then(async (response) => {
        await response.body?.cancel();
        return response.status;
      }, () => 0);
    if (status !== 200) findings.push(`${member.life.name} answers /readyz with ${status}`);
  }
  return findings;
}

/** Waits until something holds, or for so long: what does not hold then shows in the findings. */
async function within(
  ms: number,
  signal: AbortSignal,
  holds: () => Promise<boolean>,
): Promise<void> {
  for (const deadline = performance.now() + ms; performance.now() < deadline;) {
    if (await holds()) return;
    await sleep(100, undefined, { signal });
  }
}

function nameOf({ name }: { name: string }): string {
  return name.slice(0, name.lastIndexOf("-"));
}

function urlOf({ port }: Member): string {
  return `http://127.0.0.1:${port}`;
}

/** For an error of a store that is away: this, and try again later. */
function ifUnavailable<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof BrokerUnavailableError) return instead;
    throw error;
  };
}
