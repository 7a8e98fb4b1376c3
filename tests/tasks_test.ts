import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { InvalidArgumentsError, Reject, Retry } from "../jobs/errors.ts";
import type { TaskContext, TaskHandle, TaskSchema } from "../jobs/task.ts";
import { countPrimes } from "../jobs/tasks/count_primes.ts";
import { createTask } from "../jobs/tasks/create_task.ts";
import { csvReport } from "../jobs/tasks/csv_report.ts";
import { divide } from "../jobs/tasks/divide.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import { testCelery } from "../jobs/tasks/test_celery.ts";
import { webhook } from "../jobs/tasks/webhook.ts";
import type { Json } from "../jobs/wire.ts";

/** A context that keeps what the task reports. */
class Recorder implements TaskContext {
  readonly id = crypto.randomUUID();
  readonly attempt = 1;
  readonly retries = 0;
  readonly reports: { percent: number; stage: string | undefined; meta: Json | undefined }[] = [];
  readonly logs: string[] = [];
  onProgress = () => {};

  constructor(readonly signal: AbortSignal = new AbortController().signal) {}

  progress(percent: number, stage?: string, meta?: Json): void {
    this.reports.push({ percent, stage, meta });
    this.onProgress();
  }

  log(text: string): void {
    this.logs.push(text);
  }

  percents(): number[] {
    return this.reports.map(({ percent }) => Math.round(percent));
  }
}

/** Runs a task as a worker would: with arguments that were checked and have been JSON. */
async function run<Schema extends TaskSchema, Result>(
  task: TaskHandle<Schema, Result>,
  args: Json,
  ctx = new Recorder(),
): Promise<Result> {
  const { args: text } = await task.prepare(args);
  return await task.definition.run(JSON.parse(text), ctx);
}

Deno.test("every task has a description, and every argument a title, for the page's form", () => {
  for (const task of tasks) {
    const { description, schema } = task.describe();
    assert(description, `${task.name} has no description`);
    const fields: Json = schema["prefixItems"] ?? schema["properties"] ?? null;
    assert(fields !== null && typeof fields === "object", `${task.name} has no arguments`);
    for (const field of Object.values(fields)) {
      assert(typeof field === "object" && field !== null && "title" in field, task.name);
    }
  }
});

Deno.test("the tasks of fixed length report each step and return their result", async () => {
  const steps = { create: new Recorder(), divide: new Recorder(), word: new Recorder() };
  const [created, quotient, failure, word] = await Promise.all([
    run(createTask, [2], steps.create),
    run(divide, [1, 2], steps.divide),
    assertRejects(() => run(divide, [1, 0]), RangeError),
    run(testCelery, ["hello"], steps.word),
  ]);
  assertEquals(created, "worked for 2 s");
  assertEquals(steps.create.percents(), [50, 100]);
  assertEquals(quotient, 0.5);
  assertEquals(steps.divide.percents(), [20, 40, 60, 80, 100]);
  assertEquals(failure.message, "division by zero");
  assertEquals(word, "test task returned hello");
  assertEquals(steps.word.percents(), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  assertEquals(testCelery.queue, "test-queue");
});

Deno.test("create_task takes 1 to 3600 seconds, and 60 without an argument", async () => {
  assertEquals((await createTask.prepare([])).args, "[60]");
  for (const length of [0, 3601, 1.5, "5"]) {
    const error = await assertRejects(() => createTask.prepare([length]), InvalidArgumentsError);
    assertEquals(error.issues.map(({ path }) => path), ["args.0"]);
  }
});

Deno.test("long_running_task goes through its four stages", async () => {
  const ctx = new Recorder();
  await run(longRunningTask, [0], ctx);
  assertEquals(ctx.reports.map(({ percent, stage }) => [stage, percent]), [
    ["STARTED", 25],
    ["PROCESSING", 50],
    ["CONCLUDING", 75],
    ["COMPLETED", 100],
  ]);
});

Deno.test("tasks stop at once when their signal aborts", async () => {
  for (
    const [task, args] of [
      [createTask, [60]],
      [longRunningTask, [60]],
      [divide, [1, 2]],
      [testCelery, ["hello"]],
    ] as const
  ) {
    const stop = new AbortController();
    const running = run<TaskSchema, unknown>(task, [...args], new Recorder(stop.signal));
    stop.abort(new DOMException("cancelled", "AbortError"));
    await assertRejects(() => running, Error);
  }
});

Deno.test("count_primes counts right, whatever part of a segment the limit falls in", async () => {
  const known: [number, number][] = [
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 2],
    [100, 25],
    [1_000_000, 78_498],
    // Around the end of the first segment, 2 * 2^18 + 2: by trial division.
    ...[524_287, 524_289, 524_290, 524_291].map((n): [number, number] => [n, trialCount(n)]),
    [20_000_000, 1_270_607],
  ];
  for (const [limit, primes] of known) assertEquals(await run(countPrimes, [limit]), primes);
});

function trialCount(limit: number): number {
  let count = 1;
  for (let n = 3; n <= limit; n += 2) {
    let prime = true;
    for (let divisor = 3; prime && divisor * divisor <= n; divisor += 2) {
      prime = n % divisor !== 0;
    }
    if (prime) count++;
  }
  return count;
}

Deno.test("count_primes reports rising progress and can be cancelled in the middle", async () => {
  const stop = new AbortController();
  const ctx = new Recorder(stop.signal);
  ctx.onProgress = () => {
    if (ctx.reports.length === 3) setTimeout(() => stop.abort(new Error("cancelled")));
  };
  await assertRejects(() => run(countPrimes, [100_000_000_000], ctx), Error, "cancelled");
  const percents = ctx.reports.map(({ percent }) => percent);
  assertEquals(percents, percents.toSorted((a, b) => a - b));
  assert(percents.every((percent) => percent > 0 && percent < 1), "only the start was done");
});

Deno.test("csv_report describes every type of column", async () => {
  const csv = [
    "id,price,sold,day,city,zip,empty",
    "1,2.50,true,2024-02-29,Oslo,00150,",
    '2,-1e2,FALSE,2023-12-31T23:00:00Z,"Århus, C",00151,',
    "12,,true,2024-03-01,Oslo,00150,",
  ].join("\r\n");
  const ctx = new Recorder();
  const { columns, ...counts } = await run(csvReport, { csv }, ctx);
  assertEquals(counts, { rows: 3, column_count: 7 });
  assertEquals(
    columns.map((c) => [c.name, c.type, c.missing, c.min, c.max, c.mean, c.distinct, c.exact]),
    [
      ["id", "integer", 0, 1, 12, 5, 3, true],
      ["price", "number", 1, -100, 2.5, -48.75, 2, true],
      ["sold", "boolean", 0, "FALSE", "true", null, 2, true],
      ["day", "date", 0, "2023-12-31T23:00:00Z", "2024-03-01", null, 3, true],
      ["city", "text", 0, "Oslo", "Århus, C", null, 2, true],
      ["zip", "text", 0, "00150", "00151", null, 2, true],
      ["empty", "empty", 3, null, null, null, 0, true],
    ],
  );
  assertEquals(columns[4]?.most_frequent, [
    { value: "Oslo", count: 2 },
    { value: "Århus, C", count: 1 },
  ]);
  assertEquals(ctx.reports.at(-1), { percent: 100, stage: "READING", meta: { rows: 3 } });
});

Deno.test("csv_report takes what fits no narrower type for text", async () => {
  for (
    const values of [
      ["1", "2", "x"],
      ["2024-02-29", "2024-02-30"],
      ["2024-01-01", "2024-13-01"],
      ["123456789012345678901", "1"],
      ["1e999", "1"],
      ["true", "0"],
      ["-", "."],
    ]
  ) {
    const { columns: [column] } = await run(csvReport, { csv: ["c", ...values].join("\n") });
    const [min, max] = [values.toSorted()[0], values.toSorted().at(-1)];
    assertEquals([column?.type, column?.min, column?.max], ["text", min, max]);
  }
});

Deno.test("csv_report names the line of malformed CSV", async () => {
  const cases: [string, RegExp][] = [
    ["a,b\n1,2\n3\n", /malformed: .*expect 2, got 1 on line 3/],
    ['a,b\n1,"2\n', /malformed: .*quote at line 2/],
    ['a,b\n1,2\n1,x"y"\n', /malformed: .*at line 3/],
    ["\n\n", /empty; it must have a header row/],
  ];
  for (const [csv, message] of cases) {
    const error = await assertRejects(() => run(csvReport, { csv }), SyntaxError);
    assertMatch(error.message, message);
  }
});

Deno.test("csv_report wants a table or a path, and not both", async () => {
  for (const args of [{}, { csv: "a", path: "a" }, { csv: "" }, { table: "a" }]) {
    await assertRejects(() => csvReport.prepare(args), InvalidArgumentsError);
  }
});

Deno.test("csv_report reads files inside TASKAPP_DATA_DIR and nothing else", async () => {
  await using folder = await TempDir.create();
  await mkdir(`${folder.path}/data/sub`, { recursive: true });
  await writeFile(`${folder.path}/data/sub/in.csv`, "\ufeffa\n1\n");
  await writeFile(`${folder.path}/out.csv`, "a\n1\n");
  await writeFile(`${folder.path}/data-2.csv`, "a\n1\n");
  await symlink(`${folder.path}/data/sub/in.csv`, `${folder.path}/data/link-in.csv`);
  await symlink("../out.csv", `${folder.path}/data/link-out.csv`);
  await symlink("..", `${folder.path}/data/up`);

  using _none = new Environment({ TASKAPP_DATA_DIR: undefined });
  await assertRejects(() => run(csvReport, { path: "sub/in.csv" }), Error, "TASKAPP_DATA_DIR must");

  using _data = new Environment({ TASKAPP_DATA_DIR: `${folder.path}/data` });
  for (
    const path of ["sub/in.csv", "./sub/in.csv", "link-in.csv", `${folder.path}/data/sub/in.csv`]
  ) {
    const { columns } = await run(csvReport, { path });
    assertEquals([columns[0]?.name, columns[0]?.type], ["a", "integer"]);
  }
  for (
    const path of [
      "../out.csv",
      "sub/../../out.csv",
      "../data/sub/in.csv",
      "link-out.csv",
      "up/out.csv",
      `${folder.path}/out.csv`,
      `${folder.path}/data-2.csv`,
      "/etc/passwd",
    ]
  ) {
    await assertRejects(() => run(csvReport, { path }), Error, "leads out of the data folder");
  }
  await writeFile(`${folder.path}/data/quote.csv`, 'a\n"' + "x".repeat(2 * 1024 * 1024));
  const unclosed = () => run(csvReport, { path: "quote.csv" });
  assertMatch((await assertRejects(unclosed, SyntaxError)).message, /Max Record Size.* line 2/);
  await assertRejects(() => run(csvReport, { path: "none.csv" }), Error, "There is no file");
  await assertRejects(() => run(csvReport, { path: "sub" }), Error, "not a regular file");
  await writeFile(`${folder.path}/data/taskapp.db`, "a");
  await assertRejects(() => run(csvReport, { path: "taskapp.db" }), Error, "is not named .csv");

  using _gone = new Environment({ TASKAPP_DATA_DIR: `${folder.path}/gone` });
  await assertRejects(() => run(csvReport, { path: "in.csv" }), Error, "does not exist");
});

Deno.test("csv_report reads a million rows with a heap of 64 MiB", async () => {
  const rows = 1_000_000;
  await using folder = await TempDir.create();
  const file = await open(`${folder.path}/large.csv`, "w");
  for (let row = 0; row < rows;) {
    let text = row === 0 ? "id,key,part,price\n" : "";
    for (const end = row + 10_000; row < end; row++) {
      const key = row % 4 === 0 ? "often" : `key-${row}-of-a-text-that-needs-memory`;
      text += `${row},${key},${row % 7},${row / 8}\n`;
    }
    await file.write(text);
  }
  await file.close();

  const { report, percents, grownMiB } = await runInSmallHeap(folder.path, "large.csv");
  assert(grownMiB < 200, `memory grew by ${grownMiB} MiB`);
  assert(percents.length > 100, "reports on its way");
  assertEquals(percents, percents.toSorted((a, b) => a - b));
  assertEquals(report.rows, rows);
  const [id, key, part, price] = report.columns;
  assertEquals([id?.type, id?.min, id?.max, id?.mean], ["integer", 0, rows - 1, (rows - 1) / 2]);
  assertEquals([part?.exact, part?.distinct, part?.most_frequent[0]?.count], [true, 7, 142_858]);
  assertEquals([key?.exact, key?.most_frequent[0]?.value], [false, "often"]);
  assert(key && key.distinct > 1000 && key.distinct <= rows * 3 / 4 + 1, "a lower bound");
  assertEquals([price?.type, price?.max], ["number", (rows - 1) / 8]);
});

/** Runs csv_report in a process that dies when its heap outgrows 64 MiB. */
async function runInSmallHeap(folder: string, path: string): Promise<{
  report: Awaited<ReturnType<typeof csvReport.definition.run>>;
  percents: number[];
  grownMiB: number;
}> {
  const script = `
    import { csvReport } from "${import.meta.resolve("../jobs/tasks/csv_report.ts")}";
    const percents = [];
    const before = Deno.memoryUsage().rss;
    let peak = before;
    const report = await csvReport.definition.run({ path: "${path}" }, {
      signal: new AbortController().signal,
      progress(percent) {
        percents.push(percent);
        peak = Math.max(peak, Deno.memoryUsage().rss);
      },
    });
    console.log(JSON.stringify({ report, percents, grownMiB: (peak - before) / 1024 ** 2 }));
  `;
  const file = `${folder}/run.mjs`;
  await writeFile(file, script);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      `--config=${fileURLToPath(import.meta.resolve("../deno.json"))}`,
      "--v8-flags=--max-old-space-size=64",
      "--allow-env",
      "--allow-read",
      file,
    ],
    env: { TASKAPP_DATA_DIR: folder },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("csv_report stops reading when its signal aborts", async () => {
  await using folder = await TempDir.create();
  await writeFile(`${folder.path}/a.csv`, "a,b\n" + "1,2\n".repeat(500_000));
  using _data = new Environment({ TASKAPP_DATA_DIR: folder.path });
  const stop = new AbortController();
  const ctx = new Recorder(stop.signal);
  ctx.onProgress = () => stop.abort(new Error("cancelled"));
  await assertRejects(() => run(csvReport, { path: "a.csv" }, ctx), Error);
  assert((ctx.reports.at(-1)?.percent ?? 100) < 50, "stopped early");
});

Deno.test("webhook posts its body as JSON, under the task's id", async () => {
  const seen: { method: string; type: string | null; key: string | null; body: string }[] = [];
  await using receiver = Receiver.start(async (request) => {
    seen.push({
      method: request.method,
      type: request.headers.get("content-type"),
      key: request.headers.get("idempotency-key"),
      body: await request.text(),
    });
    return Response.json({ got: true }, { status: 201 });
  });
  const ctx = new Recorder();
  const result = await run(webhook, { url: `${receiver.url}/a?b=c`, body: { x: [1, "é"] } }, ctx);
  assertEquals(result, { status: 201, answer: '{"got":true}' });
  assertEquals(seen, [
    { method: "POST", type: "application/json", key: ctx.id, body: '{"x":[1,"é"]}' },
  ]);
});

Deno.test("webhook asks for a retry on 429, 5xx, timeouts and refused connections", async () => {
  const answers: { [path: string]: () => Response | Promise<Response> } = {
    "/500": () => new Response("out of order", { status: 500 }),
    "/503": () => new Response(null, { status: 503, headers: { "retry-after": "90" } }),
    "/429": () => new Response(null, { status: 429 }),
    "/429-seconds": () => new Response(null, { status: 429, headers: { "retry-after": "7" } }),
    "/429-nonsense": () => new Response(null, { status: 429, headers: { "retry-after": "soon" } }),
    "/429-long": () => new Response(null, { status: 429, headers: { "retry-after": "9999999" } }),
    "/429-date": () => {
      const date = new Date(Date.now() + 60_000).toUTCString();
      return new Response(null, { status: 429, headers: { "retry-after": date } });
    },
    "/never": () => new Promise(() => {}),
  };
  await using receiver = Receiver.start((request) =>
    answers[new URL(request.url).pathname]?.() ?? new Response(null, { status: 404 })
  );
  const retry = (path: string, timeout = 10) =>
    assertRejects(
      () => run(webhook, { url: receiver.url + path, body: null, timeout }),
      Retry,
    );
  assertStringIncludes((await retry("/500")).message, "answered 500: out of order");
  assertEquals((await retry("/500")).countdown, undefined);
  assertEquals((await retry("/503")).countdown, 90);
  assertEquals((await retry("/429")).countdown, undefined);
  assertEquals((await retry("/429-seconds")).countdown, 7);
  assertEquals((await retry("/429-nonsense")).countdown, undefined);
  assertEquals((await retry("/429-long")).countdown, 24 * 3600);
  const { countdown = 0 } = await retry("/429-date");
  assert(countdown > 50 && countdown <= 60, `${countdown} is about a minute`);
  assertMatch((await retry("/never", 0.3)).message, /did not answer: .*timeout/);
  await receiver.stop();
  assertMatch((await retry("/500")).message, /did not answer/);
});

Deno.test("webhook gives up at once on other answers and follows no redirect", async () => {
  const paths: string[] = [];
  await using receiver = Receiver.start((request) => {
    const { pathname } = new URL(request.url);
    paths.push(pathname);
    const status = Number(pathname.slice(1));
    return new Response(status === 422 ? "no such field" : null, {
      status,
      headers: { location: "/200" },
    });
  });
  for (const status of [301, 302, 307, 400, 401, 404, 410, 422]) {
    const url = `${receiver.url}/${status}`;
    const error = await assertRejects(() => run(webhook, { url, body: {} }), Reject);
    assertStringIncludes(error.message, `answered ${status}`);
  }
  assertEquals(paths, ["/301", "/302", "/307", "/400", "/401", "/404", "/410", "/422"]);
});

Deno.test("webhook keeps no more than the start of a long answer", async () => {
  let cancelled = false;
  await using receiver = Receiver.start(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(10_000).fill(0x41)),
        cancel: () => {
          cancelled = true;
        },
      }),
    )
  );
  const { answer } = await run(webhook, { url: receiver.url, body: {} });
  assertEquals(answer, "A".repeat(16 * 1024));
  await receiver.stop();
  assert(cancelled, "the endless answer was cut off");
});

Deno.test("webhook stops when its signal aborts, without asking for a retry", async () => {
  const stop = new AbortController();
  await using receiver = Receiver.start(() => {
    stop.abort(new Error("cancelled"));
    return new Promise<Response>(() => {});
  });
  const ctx = new Recorder(stop.signal);
  const error = await assertRejects(
    () => run(webhook, { url: receiver.url, body: {} }, ctx),
    Error,
  );
  assertEquals(error.message, "cancelled");
});

Deno.test("webhook sends to listed hosts only", async () => {
  let requests = 0;
  await using receiver = Receiver.start(() => {
    requests++;
    return new Response();
  });
  const send = () => run(webhook, { url: receiver.url, body: {} });
  const { host, hostname, port } = new URL(receiver.url);
  for (const hosts of [undefined, "", " , "]) {
    using _environment = new Environment({ TASKAPP_WEBHOOK_HOSTS: hosts });
    await assertRejects(send, Reject, "TASKAPP_WEBHOOK_HOSTS must list the hosts");
  }
  for (const hosts of ["example.com", `${hostname}:1`, `x${hostname}`, `${hostname}:${port}0`]) {
    using _environment = new Environment({ TASKAPP_WEBHOOK_HOSTS: hosts });
    await assertRejects(send, Reject, "is not among the hosts");
  }
  assertEquals(requests, 0);
  for (const hosts of [host, hostname, `example.com, ${host}`]) {
    using _environment = new Environment({ TASKAPP_WEBHOOK_HOSTS: hosts });
    await send();
  }
  assertEquals(requests, 3);
});

Deno.test("webhook takes only http and https URLs", async () => {
  for (const url of ["ftp://example.com/", "file:///etc/passwd", "example.com", ""]) {
    const error = await assertRejects(
      () => webhook.prepare({ url, body: {} }),
      InvalidArgumentsError,
    );
    assertEquals(error.issues.map(({ path }) => path), ["args.url"]);
  }
});

class TempDir implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async create(): Promise<TempDir> {
    return new TempDir(await mkdtemp(`${tmpdir()}/taskapp-tasks-`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** Sets environment variables, or removes them, and restores what was. */
class Environment implements Disposable {
  readonly #before: [string, string | undefined][];

  constructor(variables: { [name: string]: string | undefined }) {
    this.#before = Object.keys(variables).map((name) => [name, Deno.env.get(name)]);
    Environment.#set(Object.entries(variables));
  }

  static #set(variables: [string, string | undefined][]): void {
    for (const [name, value] of variables) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }

  [Symbol.dispose](): void {
    Environment.#set(this.#before);
  }
}

/** A local HTTP server that webhooks may be sent to. */
class Receiver implements AsyncDisposable {
  readonly url: string;
  readonly #stop = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #environment: Environment;

  private constructor(handler: (request: Request) => Response | Promise<Response>) {
    const { signal } = this.#stop;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal, onListen() {} },
      handler,
    );
    const { port } = this.#server.addr;
    this.url = `http://127.0.0.1:${port}`;
    this.#environment = new Environment({ TASKAPP_WEBHOOK_HOSTS: `127.0.0.1:${port}` });
  }

  static start(handler: (request: Request) => Response | Promise<Response>): Receiver {
    return new Receiver(handler);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#server.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#environment[Symbol.dispose]();
    await this.stop();
  }
}
