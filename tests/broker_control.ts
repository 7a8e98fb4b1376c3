/** What every broker must do about commands to workers. */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../jobs/broker.ts";
import { COMMAND_MS, MAX_COMMANDS, type SentCommand } from "../jobs/command_store.ts";
import { beat, type Case, ids } from "./broker_kit.ts";
import { until } from "./until.ts";

function command(more: Partial<SentCommand> = {}): SentCommand {
  return { id: crypto.randomUUID(), command: "grow", n: 2, ...more } as SentCommand;
}

/** Counts how often a worker hears of commands. */
async function attend(broker: Broker, worker: string) {
  const heard = { commands: 0 };
  const attendance = await broker.attend(worker, {
    onReady: () => {},
    onSchedule: () => {},
    onRevoked: () => {},
    onCommand: () => void heard.commands++,
    onReconnected: () => {},
  });
  return Object.assign(heard, { close: () => attendance.close() });
}

export const controlCases: Record<string, Case> = {
  "a worker hears of commands to it, and takes each once, in their order": async (connect) => {
    const [server, broker] = [connect(), connect()];
    const heard = await attend(broker, "w");
    const other = await attend(broker, "v");
    for (const name of ["w", "v"]) await broker.heartbeat(beat(name));
    const sent = [
      command(),
      command({ command: "remove-queue", queue: "a:b" }),
      command({ command: "quiet" }),
    ];
    for (const each of sent) assertEquals(await server.commands.send("w", each), true);
    await until(() => heard.commands > 0);
    assertEquals(await broker.commands.take("v"), []);
    assertEquals(await broker.commands.take("w"), sent);
    assertEquals(await broker.commands.take("w"), []);
    assertEquals(other.commands, 0);
    await heard.close();
    await other.close();
  },

  "a command that is sent again under its id is taken once": async (connect) => {
    const broker = connect();
    await broker.heartbeat(beat("w"));
    const sent = command();
    for (const _ of [1, 2]) assertEquals(await broker.commands.send("w", sent), true);
    assertEquals(await broker.commands.take("w"), [sent]);
    assertEquals(await broker.commands.send("w", sent), true);
    assertEquals(await broker.commands.take("w"), []);
  },

  "no command is left for a worker that is not there": async (connect) => {
    const broker = connect({ leaseMs: 200 });
    assertEquals(await broker.commands.send("w", command()), false);
    await broker.heartbeat(beat("w"));
    await broker.heartbeat(beat("v"));
    await broker.leave("w");
    assertEquals(await broker.commands.send("w", command()), false);
    await sleep(300);
    assertEquals(await broker.commands.send("v", command()), false, "its lease has run out");
    assertEquals(await broker.commands.take("w"), []);
  },

  "only so many commands wait for one worker, the newest": async (connect) => {
    const broker = connect();
    await broker.heartbeat(beat("w"));
    const sent = Array.from({ length: MAX_COMMANDS + 5 }, () => command());
    for (const each of sent) await broker.commands.send("w", each);
    assertEquals(ids(await broker.commands.take("w")), ids(sent.slice(5)));
  },

  "a command that waited for too long is not taken": async (connect) => {
    const broker = connect({ leaseMs: 60_000 });
    await broker.heartbeat(beat("w"));
    await broker.commands.send("w", command());
    await sleep(COMMAND_MS - 2000);
    const late = command();
    await broker.commands.send("w", late);
    await sleep(2500);
    assertEquals(await broker.commands.take("w"), [late]);
  },
};
