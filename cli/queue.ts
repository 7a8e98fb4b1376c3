/** `taskapp queue`: the queues, pausing and limiting them. */

import { type Command, Option } from "commander";
import { allQueues, getQueue } from "../jobs/queues.ts";
import type { QueueInfo, Rate } from "../jobs/wire.ts";
import { type Io, UsageError } from "./io.ts";
import { concurrencyLimit, noneAsNull, orNone, rate } from "./options.ts";
import { loadRegistry } from "./registry.ts";
import { table } from "./table.ts";
import { withBroker } from "./with_broker.ts";

interface BrokerOption {
  broker: string;
}

/** Adds the commands to one that has `--broker`. */
export function addQueueCommands(parent: Command, io: Io): void {
  parent.configureHelp({ showGlobalOptions: true });

  parent.command("ls").description("List the queues, their lengths and their limits")
    .option("--json", "print JSON")
    .action((_, command: Command) => list(command.optsWithGlobals(), io));

  parent.command("pause").description("Start nothing more from these queues")
    .argument("<queues...>", "their names")
    .action((names, _, command: Command) => pause(names, true, command.optsWithGlobals(), io));

  parent.command("resume").description("Go on with paused queues")
    .argument("<queues...>", "their names")
    .action((names, _, command: Command) => pause(names, false, command.optsWithGlobals(), io));

  parent.command("limit").description("Limit a queue, all its workers together")
    .argument("<queue>", "its name")
    .addOption(
      new Option("--rate-limit <rate>", "starts of its tasks, such as 10/m; none lifts it")
        .argParser(orNone(rate)),
    )
    .addOption(
      new Option("--concurrency-limit <n>", "how many of them may run at once; none lifts it")
        .argParser(orNone(concurrencyLimit)),
    )
    .action((name, _, command: Command) => limit(name, command.optsWithGlobals(), io));
}

function list(options: BrokerOption & { json?: boolean }, io: Io): Promise<void> {
  return withBroker(options, async (broker) => {
    const queues = await allQueues(broker, await loadRegistry());
    io.out(options.json ? `${JSON.stringify(queues, null, 2)}\n` : queueTable(queues));
  });
}

function queueTable(queues: QueueInfo[]): string {
  return table([
    ["QUEUE", "WAITING", "SCHEDULED", "ACTIVE", "PAUSED", "RATE", "CONCURRENCY"],
    ...queues.map((queue) => [
      queue.name,
      String(queue.waiting),
      String(queue.scheduled),
      String(queue.active),
      queue.paused ? "paused" : "",
      queue.rate_limit ?? "",
      String(queue.concurrency_limit ?? ""),
    ]),
  ]);
}

function pause(names: string[], paused: boolean, options: BrokerOption, io: Io): Promise<void> {
  return withBroker(options, async (broker) => {
    const registry = await loadRegistry();
    for (const name of names) await getQueue(broker, registry, name);
    for (const name of names) await (paused ? broker.pause(name) : broker.resume(name));
    io.out(`${paused ? "Paused" : "Resumed"} ${names.join(", ")}\n`);
  });
}

interface LimitOptions extends BrokerOption {
  rateLimit?: Rate | "none";
  concurrencyLimit?: number | "none";
}

function limit(name: string, options: LimitOptions, io: Io): Promise<void> {
  const { broker: url, rateLimit, concurrencyLimit } = options;
  if (rateLimit === undefined && concurrencyLimit === undefined) {
    throw new UsageError("say --rate-limit, --concurrency-limit or both");
  }
  return withBroker({ broker: url }, async (broker) => {
    const registry = await loadRegistry();
    await getQueue(broker, registry, name);
    await broker.limitQueue(name, {
      ...(rateLimit && { rateLimit: noneAsNull(rateLimit) }),
      ...(concurrencyLimit && { concurrencyLimit: noneAsNull(concurrencyLimit) }),
    });
    io.out(queueTable([await getQueue(broker, registry, name)]));
  });
}
