/** Tells workers at random what to do, as people would, and looks whether they do it, once each. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Broker, BrokerUnavailableError } from "../../jobs/broker.ts";
import { CommandRefusedError, tellWorker, UnknownWorkerError } from "../../jobs/worker_control.ts";
import type { WorkerCommand } from "../../jobs/wire.ts";
import type { Findings } from "./findings.ts";
import { SLOTS } from "./fleet.ts";
import { LIMITED_QUEUE } from "./flow.ts";
import { Random } from "./random.ts";

/** Each is followed by a pause of at most so long. */
const MAX_PAUSE_MS = 800;
/** How long a worker has to do what it is told at the end, when nothing is in its way. */
const DONE_WITHIN_MS = 30_000;

const ORDERS: [WorkerCommand, number][] = [
  [{ command: "quiet" }, 3],
  [{ command: "resume" }, 6],
  [{ command: "grow", n: 2 }, 3],
  [{ command: "shrink", n: 2 }, 3],
  [{ command: "autoscale", min: 1, max: SLOTS }, 2],
  [{ command: "restart-pool" }, 4],
  [{ command: "add-queue", queue: LIMITED_QUEUE }, 3],
  [{ command: "remove-queue", queue: LIMITED_QUEUE }, 2],
];

export class Orders {
  /** How many were left with the broker. */
  told = 0;
  /** By worker: the ids of the orders to it. */
  readonly #ids = new Map<string, Set<string>>();
  readonly #random: Random;
  #telling: Promise<void> = Promise.resolve();
  #ended = false;

  /** @param seed of what is told; to whom, and whether it is heard, depends on the faults too */
  constructor(
    private readonly broker: Broker,
    seed: number,
    private readonly findings: Findings,
  ) {
    this.#random = new Random(seed);
  }

  /** Begins; `end` says what has failed of it. */
  start(signal: AbortSignal): void {
    this.#telling = this.#run(signal);
    this.#telling.catch(() => {});
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!this.#ended) {
      await sleep(this.#random.whole(1, MAX_PAUSE_MS), undefined, { signal });
      const command = this.#random.pick(ORDERS);
      const part = this.#random.next();
      const workers = await this.#workers();
      const worker = workers[Math.floor(part * workers.length)];
      if (worker) await this.#tell(worker.name, command);
    }
  }

  /** Has all workers work as they were started. */
  async end(signal: AbortSignal): Promise<void> {
    this.#ended = true;
    await this.#telling;
    const last: WorkerCommand[] = [
      { command: "add-queue", queue: LIMITED_QUEUE },
      { command: "autoscale", min: SLOTS, max: SLOTS },
      { command: "resume" },
    ];
    for (const command of last) {
      for (const { name } of await this.#workers()) await this.#tell(name, command);
    }
    const deadline = performance.now() + DONE_WITHIN_MS;
    const wrong = async () =>
      (await this.#workers()).filter(({ mode, concurrency, queues }) =>
        mode !== "working" || concurrency !== SLOTS || !queues.includes(LIMITED_QUEUE)
      );
    while ((await wrong()).length > 0 && performance.now() < deadline) {
      await sleep(250, undefined, { signal });
    }
    for (const { name, mode, concurrency, queues } of await wrong()) {
      const is = `${name} is ${mode}, runs ${concurrency} and takes from ${queues}`;
      this.findings.add("a worker did not do what it was told", is);
    }
  }

  async #workers() {
    const workers = await this.broker.workers().catch((error) => {
      if (error instanceof BrokerUnavailableError) return [];
      throw error;
    });
    for (const { name, last_command: last } of workers) {
      if (last && !this.#ids.get(name)?.has(last.id)) {
        this.findings.add("a worker did what it was not told", `${name}: ${last.command}`);
      }
    }
    return workers;
  }

  async #tell(worker: string, command: WorkerCommand): Promise<void> {
    try {
      await tellWorker(this.#noting(worker), worker, command);
      this.told++;
    } catch (error) {
      const isExpected = error instanceof CommandRefusedError ||
        error instanceof UnknownWorkerError || error instanceof BrokerUnavailableError;
      if (!isExpected) throw error;
    }
  }

  /** Notes the id before it is sent, because the answer may not come. */
  #noting(worker: string): Pick<Broker, "workers" | "commands"> {
    const { broker } = this;
    return {
      workers: () => broker.workers(),
      commands: {
        take: (name) => broker.commands.take(name),
        send: (name, command) => {
          this.#ids.set(worker, (this.#ids.get(worker) ?? new Set()).add(command.id));
          return broker.commands.send(name, command);
        },
      },
    };
  }
}
