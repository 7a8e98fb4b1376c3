import { assertEquals } from "@std/assert";
import type { Claimed } from "../jobs/broker.ts";
import { Demand } from "../jobs/demand.ts";

Deno.test("one task is wanted for each free slot, and none for what may not be there", () => {
  const demand = new Demand(4);
  assertEquals(demand.want(4, 1), 3);
  assertEquals(demand.want(4, 4), 0);
  demand.more = false;
  assertEquals(demand.want(4, 0), 0);
});

Deno.test("while tasks are short more are wanted, in halves, until one has had to wait", () => {
  const demand = new Demand(4);
  for (let run = 0; run < 20; run++) demand.noteRun(run === 0 ? 100 : 1);
  assertEquals(demand.want(4, 4), 12);
  assertEquals(demand.want(4, 11), 0);
  assertEquals(demand.want(4, 10), 6);
  demand.noteWait();
  assertEquals(demand.want(4, 4), 0);
});

Deno.test("no claim asks for more than a thousand", () => {
  const demand = new Demand(1000);
  assertEquals(demand.want(10_000, 0), 1000);
  demand.noteRun(1);
  assertEquals(demand.want(10_000, 10_000), 1000);
});

Deno.test("very short tasks are claimed for some milliseconds of work, but not without end", () => {
  const demand = new Demand(4);
  demand.noteRun(0.5);
  assertEquals(demand.want(4, 4), 40);
  demand.noteRun(0);
  for (let run = 0; run < 100; run++) demand.noteRun(0.001);
  assertEquals(demand.want(4, 4), 384);
  const never = new Demand(1);
  never.noteRun(0.001);
  assertEquals(never.want(4, 0), 4);
});

Deno.test("nothing is kept to wait beside a task that was handed out before", () => {
  const demand = new Demand(4);
  demand.noteRun(1);
  const job = (token: number, attempt: number) => ({ token, attempt }) as Claimed;
  assertEquals(demand.accept([job(1, 1), job(2, 2), job(1, 1)], 1), 3);
  assertEquals(demand.want(4, 4) > 0, true);
  assertEquals(demand.accept([job(1, 1), job(2, 1), job(1, 1)], 2), 2);
  assertEquals([demand.want(4, 4), demand.want(4, 3)], [0, 1]);
  assertEquals(demand.accept([job(1, 1)], 1), 1);
  assertEquals(demand.want(4, 4) > 0, true);
});
