import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFigures } from "../bench/document.ts";
import { type Report, scenarioReport } from "../bench/report.ts";
import type { Scenario } from "../bench/scenario.ts";
import { type Measured, median } from "../bench/statistics.ts";

const scenario: Scenario = {
  name: "noop-4",
  title: "No-op tasks",
  plot: "tasks",
  metrics: [
    { name: "finished", unit: "tasks/s", better: "more" },
    { name: "memory", unit: "MB", better: "less" },
  ],
  contenders: [],
  goals: [
    { text: "5 times BullMQ", against: "BullMQ", ratio: 5 },
    { text: "4 times BullMQ", against: "BullMQ", ratio: 4 },
    { text: "half the memory", metric: "memory", against: "BullMQ", ratio: 2 },
    { text: "at most 100 MB", metric: "memory", atMost: 100 },
    { text: "at least 60,000", atLeast: 60_000 },
    { text: "40 times Celery", against: "Celery", ratio: 40 },
  ],
};

const measured: Measured[] = [
  { name: "taskapp", values: { finished: [40_000, 90_000, 50_000], memory: [100, 90, 120] } },
  { name: "BullMQ", values: { finished: [9_000, 12_000, 10_000], memory: [300, 300, 300] } },
  { name: "Celery", values: {}, missing: "python3-celery is not installed" },
];

function report(): Report {
  const machine = {
    cpu: "Z80",
    cores: 2,
    memoryGib: 4,
    kernel: "Linux 6.1",
    versions: { Redis: "7.0.15" },
  };
  return {
    at: "2026-11-21T10:00:00.000Z",
    seconds: 600,
    quick: false,
    machine,
    scenarios: [scenarioReport({ scenario, measured })],
  };
}

Deno.test("the median is the middle value, or between the two in the middle", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([7]), 7);
});

Deno.test("a report has medians, spreads, ratios, and says which goals are reached", () => {
  const { rows, goals } = scenarioReport({ scenario, measured });
  const [ours, bullmq, celery] = rows;
  assertEquals([ours?.median, ours?.min, ours?.max, ours?.ratio], [
    50_000,
    40_000,
    90_000,
    undefined,
  ]);
  assertEquals(bullmq?.ratio, 5);
  assertEquals([celery?.median, celery?.missing], [undefined, "python3-celery is not installed"]);
  const memory = rows.find((row) => row.metric === "memory" && row.contender === "BullMQ");
  assertEquals(memory?.ratio, 3);
  assertEquals(goals.map(({ measured, reached }) => [measured, reached]), [
    ["5 times", true],
    ["5 times", true],
    ["3 times", true],
    ["100 MB", true],
    ["50,000 tasks/s", false],
    ["not measured", null],
  ]);
});

Deno.test("the document gets the figures between its markers, and keeps the rest", () => {
  const begin = "<!-- figures: written by deno task bench --write -->";
  const page = `before\n${begin}\nold\n<!-- end of figures -->\nafter\n`;
  const written = withFigures(page, report());
  assert(written.startsWith(`before\n${begin}\n`));
  assert(written.endsWith("\n<!-- end of figures -->\nafter\n"));
  assert(!written.includes("old"));
  assertStringIncludes(written, "| BullMQ: finished | 10,000 tasks/s | 9,000 – 12,000 | 5 × |");
  assertStringIncludes(written, "| No-op tasks | at least 60,000 | 50,000 tasks/s | **no** |");
  assertStringIncludes(written, "![No-op tasks](images/performance-tasks.svg)");
  assertEquals(withFigures(written, report()), written);
});

async function bench(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      new URL("../bench/main.ts", import.meta.url).pathname,
      ...args,
    ],
    env,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("a wrong flag of the bench is answered in one line", async () => {
  for (const args of [["--fast"], ["--only", "nothing"], ["--write", "--quick"], ["extra"]]) {
    const { code, stdout, stderr } = await bench(args);
    assertEquals([code, stdout], [2, ""], stderr);
    assert(/^error: [^\n]+\n$/.test(stderr), stderr);
  }
});

/** By the bench and by an executable that unpacks itself. */
const NEEDED = [
  ...["redis-server", "redis-cli"],
  ...["chmod", "find", "gzip", "head", "mkdir", "mktemp", "mv", "rm", "tail"],
];

Deno.test("the bench measures taskapp where none of its peers are installed", async () => {
  const dir = await Deno.makeTempDir({ prefix: "taskapp-bench-" });
  try {
    const path = Deno.env.get("PATH")?.split(":") ?? [];
    for (const program of NEEDED) {
      for (const folder of path) {
        const file = await Deno.realPath(`${folder}/${program}`).catch(() => undefined);
        if (file === undefined) continue;
        await Deno.symlink(file, `${dir}/${program}`);
        break;
      }
    }
    const json = `${dir}/figures.json`;
    const args = ["--quick", "--only", "enqueue-bulk", "--json", json];
    const { code, stdout, stderr } = await bench(args, { PATH: dir });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "Node is not installed");
    const { machine, scenarios }: Report = JSON.parse(await Deno.readTextFile(json));
    assert(machine.versions["Redis"]);
    assertEquals(scenarios.map(({ name }) => name), ["enqueue-bulk"]);
    const ours = scenarios[0]?.rows[0];
    assert(ours?.contender === "taskapp" && (ours.median ?? 0) > 0, stdout);
    assertEquals(scenarios[0]?.goals.map(({ reached }) => reached), [null, null]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
