import { assert, assertEquals, assertRejects } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { Deadlines } from "../lib/deadlines.ts";
import { GroupCommit } from "../lib/group_commit.ts";
import { Ticker } from "../lib/ticker.ts";
import { Wake } from "../lib/wake.ts";
import { until } from "./until.ts";

Deno.test("calls that come in one turn, or while others are under way, go together within a bound", async () => {
  const commits: number[][] = [];
  const group = new GroupCommit<number, string>(
    async (items) => {
      commits.push(items);
      await null;
      if (items.includes(13)) throw new RangeError("unlucky");
      return items.map(String);
    },
    (item) => item,
    10,
  );
  const answers = await Promise.all(
    [[1], [2, 3], [4], [5], [20], [6]].map((items) => group.submit(items)),
  );
  assertEquals(answers, [["1"], ["2", "3"], ["4"], ["5"], ["20"], ["6"]]);
  assertEquals(commits, [[1, 2, 3, 4], [5], [20], [6]]);
  await assertRejects(() => group.submit([13]), RangeError);
  assertEquals(await group.submit([7]), ["7"]);

  commits.length = 0;
  const oneByOne = async (items: number[]) => {
    for (const item of items) await group.submit([item]);
  };
  await Promise.all([oneByOne([1, 2]), oneByOne([3, 4]), oneByOne([5])]);
  assertEquals(commits, [[1, 3, 5], [2, 4]]);
});

Deno.test("many calls do not wait for the group before them, few do, and a third group does", async () => {
  const commits: number[] = [];
  const ends: (() => void)[] = [];
  const group = new GroupCommit<number, number>(
    async (items) => {
      commits.push(items.length);
      await new Promise<void>((resolve) => ends.push(resolve));
      return items;
    },
    () => 0,
    1,
  );
  const answers: Promise<number[]>[] = [];
  const call = async (times: number) => {
    for (let i = 0; i < times; i++) answers.push(group.submit([i]));
    await sleep(0);
  };
  await call(1);
  await call(7);
  assertEquals(commits, [1]);
  await call(1);
  assertEquals(commits, [1, 8]);
  await call(20);
  assertEquals(commits, [1, 8]);
  ends[0]?.();
  await until(() => commits.length === 3);
  assertEquals(commits, [1, 8, 20]);
  for (const end of ends) end();
  assertEquals((await Promise.all(answers)).length, 29);
});

Deno.test("a wait that is too long ends by its deadline, others when they end", async () => {
  const deadlines = new Deadlines();
  const late: string[] = [];
  const end = deadlines.begin(20, () => late.push("ended before"));
  deadlines.begin(20, () => late.push("first"));
  const last = deadlines.begin(60_000, () => late.push("last"));
  end();
  await until(() => late.length > 0);
  assertEquals(late, ["first"]);
  deadlines.rest(); // one still waits
  deadlines.begin(20, () => late.push("second"));
  await until(() => late.length > 1);
  assertEquals(late, ["first", "second"]);
  last();
  deadlines.rest();
});

Deno.test("what is done again and again is done in step, and never later than it should", async () => {
  const runs: number[][] = [[], []];
  const ticker = new Ticker(runs.map((times, i) => ({
    name: `duty ${i}`,
    everyMs: 500 * (i + 1),
    run: async () => {
      times.push(performance.now());
      if (i === 1) await sleep(130); // would put it out of step
    },
  })));
  ticker.start();
  const [short = [], long = []] = runs;
  await until(() => long.length === 4);
  await ticker.stop();
  for (const at of long.slice(1)) {
    assert(short.some((other) => Math.abs(other - at) < 100), `${at} is not in ${short}`);
  }
  const pauses = long.slice(1).map((at, i) => at - (long[i] ?? 0));
  assert(Math.min(...pauses) < 1000 + 130 + 250, `${long}`); // a busy machine may be late now and then
});

Deno.test("a bell that rings before anyone waits is heard", async () => {
  const bell = new Wake();
  bell.ring();
  bell.ring();
  assertEquals(await bell.wait(1000), true);
  assertEquals(await bell.wait(1), false);
  const waiting = bell.wait(30 * 24 * 3600 * 1000);
  bell.ring();
  assertEquals(await waiting, true);
});

Deno.test("a duty outlives its failures, does not run twice at once, and can be kicked", async () => {
  let runs = 0, atOnce = 0, most = 0;
  const ticker = new Ticker([{
    name: "duty",
    everyMs: 60_000,
    run: async () => {
      runs++;
      most = Math.max(most, ++atOnce);
      await null;
      atOnce--;
      if (runs === 1) throw new Error("once");
      return runs < 4 ? 1 : null;
    },
  }, {
    name: "throws at once",
    everyMs: 1,
    run: () => {
      throw new Error("not even a promise");
    },
  }]);
  ticker.start();
  ticker.kick("duty");
  await until(() => runs === 4);
  ticker.kick("duty");
  await until(() => runs === 5);
  await ticker.stop();
  ticker.kick("duty");
  assertEquals([runs, most], [5, 1]);
});
