/** Enqueueing by taskapp, from a program of one's own. */

import { connectBroker } from "../../jobs/connect.ts";
import { useBroker } from "../../jobs/task.ts";
import { countPrimes } from "../../jobs/tasks/count_primes.ts";
import { enqueueRate } from "./enqueue.mjs";

const request = JSON.parse(Deno.args[0] ?? "");
const broker = connectBroker(request.url);
useBroker(broker);

async function enqueue(count: number): Promise<void> {
  if (count === 1) return void await countPrimes.delay(2);
  const tasks = Array.from({ length: count }, () => countPrimes.prepare([2]));
  await broker.enqueue(await Promise.all(tasks));
}

const rate = await enqueueRate(request, enqueue);
console.log(JSON.stringify({ rate }));
await broker.close();
