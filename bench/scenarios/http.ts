/** How many requests that start a task one server answers. */

import { availableParallelism } from "node:os";
import { Redis } from "ioredis";
import { connectBroker } from "../../jobs/connect.ts";
import { createTask } from "../../jobs/tasks/create_task.ts";
import { output, tryOutput } from "../command.ts";
import { fastapiMissing, startFastapi } from "../peers/fastapi.ts";
import type { Bench, Contender, Scenario } from "../scenario.ts";
import { type Server, startServe } from "../serving.ts";

const CONNECTIONS = 50;
const WARMUP_S = 1;

/** @returns requests a second, all of them answered with success */
async function wrk(url: string, seconds: number): Promise<{ rate: number; requests: number }> {
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  const body = JSON.stringify({ name: createTask.name, args: [1] });
  await Deno.writeTextFile(
    script,
    `wrk.method = "POST" wrk.body = '${body}' wrk.headers["Content-Type"] = "application/json"`,
  );
  try {
    const args = ["-t", "1", "-c", `${CONNECTIONS}`, "-d", `${seconds}`, "-s", script, url];
    const said = await output("wrk", args);
    const failed = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(said);
    if (failed) throw new Error(`wrk: ${failed[0]}`);
    const number = (pattern: RegExp) => Number(pattern.exec(said)?.[1]);
    return {
      rate: number(/Requests\/sec:\s+([\d.]+)/),
      requests: number(/(\d+) requests in/),
    };
  } finally {
    await Deno.remove(script);
  }
}

/** @param stored how many tasks are in Redis */
async function measure(
  at: Bench,
  server: Server,
  path: string,
  stored: () => Promise<number>,
): Promise<Record<string, number>> {
  const url = `http://127.0.0.1:${server.port}${path}`;
  await wrk(url, WARMUP_S);
  await at.redis.flush();
  const { rate, requests } = await wrk(url, at.quick ? 2 : 4);
  const there = await stored();
  if (there < requests) throw new Error(`${requests} tasks were accepted, ${there} are stored`);
  return { requests: rate };
}

async function wrkMissing(): Promise<string | undefined> {
  // It says how it is used, and fails.
  const found = await tryOutput("sh", ["-c", "command -v wrk"]);
  return found ? undefined : "wrk is not installed; on Debian: apt-get install wrk";
}

function fastapi(name: string, path: string, processes: number): Contender {
  return {
    name,
    missing: async () => await wrkMissing() ?? await fastapiMissing(),
    async measure(at) {
      await using server = await startFastapi(at.redis.url, processes);
      const redis = new Redis(at.redis.url);
      try {
        return await measure(at, server, path, () => redis.llen("celery"));
      } finally {
        redis.disconnect();
      }
    },
  };
}

export const httpScenarios: Scenario[] = [{
  name: "http",
  title: `POST /tasks, ${CONNECTIONS} connections`,
  plot: "http",
  metrics: [{ name: "requests", unit: "requests/s", better: "more" }],
  contenders: [
    {
      name: "taskapp",
      missing: wrkMissing,
      async measure(at) {
        await using server = await startServe(at.redis.url);
        const broker = connectBroker(at.redis.url);
        try {
          return await measure(at, server, "/tasks", async () => (await broker.stats()).enqueued);
        } finally {
          await broker.close();
        }
      },
    },
    fastapi("FastAPI + Celery", "/tasks", 1),
    fastapi("FastAPI + Celery, async handler", "/async/tasks", 1),
    fastapi(
      `FastAPI + Celery, async handler, ${availableParallelism()} processes`,
      "/async/tasks",
      availableParallelism(),
    ),
  ],
  goals: [{
    text: "at least 25 times FastAPI + Celery, one process each",
    against: "FastAPI + Celery, async handler",
    ratio: 25,
  }],
}];
