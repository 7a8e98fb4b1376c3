import { assertEquals } from "@std/assert";
import { Demand } from "../jobs/demand.ts";

Deno.test("one task is wanted for each free slot, and none for what may not be there", () => {
  const demand = new Demand(4);
  assertEquals(demand.want(4, { running: 1, waiting: 0 }), 3);
  assertEquals(demand.want(4, { running: 4, waiting: 0 }), 0);
  demand.more = false;
  assertEquals(demand.want(4, { running: 0, waiting: 0 }), 0);
});

Deno.test("while tasks are short more are wanted, in halves, until one has had to wait", () => {
  const demand = new Demand(4);
  for (let run = 0; run < 20; run++) demand.noteRun(run === 0 ? 100 : 1);
  assertEquals(demand.want(4, { running: 4, waiting: 0 }), 12);
  assertEquals(demand.want(4, { running: 4, waiting: 7 }), 0);
  assertEquals(demand.want(4, { running: 4, waiting: 6 }), 6);
  demand.noteWait();
  assertEquals(demand.want(4, { running: 4, waiting: 0 }), 0);
});

Deno.test("no claim asks for more than a thousand", () => {
  const demand = new Demand(1000);
  assertEquals(demand.want(10_000, { running: 0, waiting: 0 }), 1000);
  demand.noteRun(1);
  assertEquals(demand.want(10_000, { running: 10_000, waiting: 0 }), 1000);
});
