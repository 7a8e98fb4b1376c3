/** How many events of tasks one server passes on to many WebSockets. */

import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Counted, Order } from "../clients/sockets.ts";
import { fastapiMissing, startFastapi } from "../peers/fastapi.ts";
import { residentKib, settledKib } from "../resources.ts";
import type { Bench, Goal, Scenario } from "../scenario.ts";
import { type Server, startServe } from "../serving.ts";

const CLIENT = fileURLToPath(new URL("../clients/sockets.ts", import.meta.url));
const WARMUP_MS = 1000;

/**
 * Has a client of its own process follow all tasks on so many sockets, while events are published.
 * @throws {Error} an event was lost, or out of order, on any of them
 */
async function measure(
  at: Bench,
  server: Server,
  as: "taskapp" | "tutorial",
  sockets: number,
  window: number,
): Promise<Record<string, number>> {
  const order: Order = {
    port: server.port,
    path: as === "taskapp" ? "/ws?batch=true" : "/ws",
    sockets,
    window,
    warmupMs: WARMUP_MS,
    forMs: at.quick ? 2000 : 4000,
    publishing: { redis: at.redis.url, tasks: window, as },
  };
  const before = await settledKib(server.pid);
  await using client = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", CLIENT, JSON.stringify(order)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = client.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await lines.read();
  if (value?.trim() !== "connected") throw new Error(`the client said ${value}`);
  const after = await settledKib(server.pid);
  const go = client.stdin.getWriter();
  await go.write(new TextEncoder().encode("go\n"));
  await go.close();
  await sleep(WARMUP_MS + order.forMs / 2);
  const busy = await residentKib(server.pid);
  let said = "";
  for (let part; !(part = await lines.read()).done;) said += part.value;
  const { success } = await client.status;
  if (!success) throw new Error("the client failed");
  const { broadcasts, ms, lost, cpu }: Counted = JSON.parse(said);
  if (lost > 0) throw new Error(`${lost} events were lost`);
  return {
    broadcasts: broadcasts / ms * 1000,
    deliveries: broadcasts * sockets / ms * 1000,
    [BUSY_MEMORY.name]: (busy - before) / sockets,
    [MEMORY.name]: (after - before) / sockets,
    [CLIENT_CPU.name]: cpu * 100,
  };
}

function taskapp(sockets: number, window: number) {
  return {
    name: "taskapp",
    async measure(at: Bench) {
      await using server = await startServe(at.redis.url);
      return await measure(at, server, "taskapp", sockets, window);
    },
  };
}

/** How busy the client was shows that it is not what was measured. */
const CLIENT_CPU = { name: "client", unit: "% of a core", better: "less" } as const;
const MEMORY = { name: "memory, open", unit: "KiB a socket", better: "less" } as const;
const BUSY_MEMORY = { name: "memory, meanwhile", unit: "KiB a socket", better: "less" } as const;
const DELIVERIES = { name: "deliveries", unit: "deliveries/s", better: "more" } as const;

function many(sockets: number, window: number, goals: Goal[]): Scenario {
  return {
    name: `sockets-${sockets}`,
    title: `Events of tasks to ${sockets.toLocaleString("en")} WebSockets of one server`,
    slow: true,
    metrics: [DELIVERIES, MEMORY, BUSY_MEMORY, CLIENT_CPU],
    contenders: [taskapp(sockets, window)],
    goals,
  };
}

export const socketScenarios: Scenario[] = [
  {
    name: "sockets-100",
    title: "Events of tasks that reach each of 100 WebSockets",
    plot: "http",
    metrics: [
      { name: "broadcasts", unit: "broadcasts/s", better: "more" },
      DELIVERIES,
      CLIENT_CPU,
    ],
    contenders: [
      taskapp(100, 400),
      {
        name: "FastAPI",
        missing: fastapiMissing,
        async measure(at) {
          await using server = await startFastapi(at.redis.url);
          return await measure(at, server, "tutorial", 100, 400);
        },
      },
    ],
    goals: [{
      text: "at least 50 times FastAPI with a loop over its WebSockets",
      against: "FastAPI",
      ratio: 50,
    }],
  },
  many(1000, 50, []),
  many(10_000, 10, [{
    text: "at most 40 KB a socket, nothing lost",
    metric: BUSY_MEMORY.name,
    atMost: 40_000 / 1024,
  }]),
];
