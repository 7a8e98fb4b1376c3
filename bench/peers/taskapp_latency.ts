/** taskapp's latency, as a program of one's own sees it that enqueues; a worker runs already. */

import { connectBroker } from "../../jobs/connect.ts";
import { useBroker } from "../../jobs/task.ts";
import { bench } from "../tasks.ts";
import { latencies } from "./latency.mjs";

const request = JSON.parse(Deno.args[0] ?? "");
const broker = connectBroker(request.url);
useBroker(broker);
const noop = await bench.prepare({});

const measured = await latencies(request, {
  enqueue: async () => (await bench.delay({ clock: true })).id,
  async result(id: string) {
    const task = await broker.get(id);
    return task?.status === "SUCCESS" ? Number(task.result) : undefined;
  },
  enqueueLoad: (count: number) =>
    broker.enqueue(Array.from({ length: count }, () => ({ ...noop, id: crypto.randomUUID() }))),
  async finished() {
    const { outcomes } = await broker.stats();
    return outcomes.reduce((sum, { count }) => sum + count, 0);
  },
  ping: () => broker.ping(),
});
console.log(JSON.stringify(measured));
await broker.close();
