import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hashPassword } from "../jobs/access_secrets.ts";
import { isReady, type ServerMessage } from "../jobs/wire.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

const DEPLOY = new URL("../deploy/", import.meta.url).pathname;
const PASSWORD = "a long password";
const LOGIN = { authorization: `Basic ${btoa(`alice:${PASSWORD}`)}` };

interface Proxy {
  name: string;
  /** The configuration as we ship it, with this machine's ports and files instead. */
  command(at: { dir: string; port: number; upstream: string }): Promise<Deno.Command>;
}

const PROXIES: Proxy[] = [{
  name: "nginx",
  async command({ dir, port, upstream }) {
    let site = await Deno.readTextFile(`${DEPLOY}nginx.conf`);
    for (
      const [ours, here] of [
        [/server 127\.0\.0\.1:8000;/, `server ${upstream};`],
        [/^server \{[^}]*return 301[^}]*\}$/m, ""],
        [/listen 443 ssl;/, `listen 127.0.0.1:${port};`],
        [/listen \[::\]:443 ssl;/, ""],
        [/ssl_certificate .*/, ""],
        [/ssl_certificate_key .*/, ""],
        [/server_name taskapp\.example\.com;/, "server_name localhost;"],
      ] as const
    ) {
      assert(ours.test(site), `nginx.conf has no ${ours}`);
      site = site.replace(ours, here);
    }
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((kind) => `${kind}_temp_path ${dir}/${kind};`).join(" ");
    await Deno.writeTextFile(
      `${dir}/nginx.conf`,
      `daemon off; master_process off; pid ${dir}/pid; error_log stderr warn; events {}
      http { access_log off; ${paths} ${site} }`,
    );
    return command("nginx", ["-p", dir, "-e", "stderr", "-c", `${dir}/nginx.conf`], {});
  },
}, {
  name: "caddy",
  async command({ dir, port, upstream }) {
    return await Promise.resolve(
      command("caddy", ["run", "--config", `${DEPLOY}Caddyfile`, "--adapter", "caddyfile"], {
        SITE: `http://localhost:${port}`,
        UPSTREAM: upstream,
        XDG_DATA_HOME: dir,
        XDG_CONFIG_HOME: dir,
      }),
    );
  },
}];

for (const proxy of PROXIES) {
  Deno.test({
    name: `behind ${proxy.name}: login, requests of a page, large bodies, sockets, streams`,
    ignore: !await isInstalled(proxy.name),
    async fn() {
      await using redis = await TestRedis.start();
      const dir = await Deno.makeTempDir({ prefix: "taskapp-proxy-" });
      const [port, behind] = [freePort(), freePort()];
      const env = { TASKAPP_BROKER: redis.url };
      const options = ["--allowed-hosts", "localhost", "--users-file", "users"];
      await Deno.writeTextFile(`${dir}/users`, `alice:admin:${await hashPassword(PASSWORD)}\n`);
      await using _serve = Program.start(["serve", "--port", `${behind}`, ...options], env, dir);
      await using _work = Program.start(["work", "--concurrency", "1"], env);
      const started = await proxy.command({ dir, port, upstream: `127.0.0.1:${behind}` });
      const child = started.spawn();
      try {
        await check(`localhost:${port}`);
      } finally {
        child.kill("SIGKILL");
        await child.status;
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

async function check(host: string): Promise<void> {
  const url = `http://${host}`;
  await until(async () => {
    const response = await fetch(`${url}/readyz`, { headers: LOGIN }).catch(() => undefined);
    return response !== undefined && await drain(response) === 200;
  });
  assertEquals(await drain(await fetch(`${url}/tasks`)), 401);
  const page = await fetch(url);
  assertStringIncludes(await page.text(), "<!doctype html>");
  await checkSession(url);

  // As the page sends it: from the address that the proxy is reached under.
  const headers = { ...LOGIN, origin: url, "content-type": "application/json" };
  const post = (path: string, body: unknown) =>
    fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  const call = { name: "csv_report", args: { csv: "1,".repeat(50_000) }, countdown: 3600 };
  const tasks = Array.from({ length: 100 }, () => call);
  assertEquals(await drain(await post("/tasks/batch", { tasks })), 202);

  const started = await post("/tasks", { name: "create_task", args: [2] });
  assertEquals(started.status, 202);
  const { task_id: id } = await started.json();
  const order: string[] = [];
  const [states] = await Promise.all([
    watch(`ws://${host}/ws/task/${id}?after=0`).finally(() => order.push("the task ends")),
    progressOf(`${url}/tasks/${id}/events`).finally(() => order.push("progress is streamed")),
  ]);
  // Claimed on a busy machine, it may go back before it begins.
  assertEquals(states.slice(states.lastIndexOf("STARTED")), [
    "STARTED",
    "PROGRESS",
    "PROGRESS",
    "SUCCESS",
  ]);
  // Held back until its end, a stream would be the last.
  assertEquals(order, ["progress is streamed", "the task ends"]);
}

/** A session works through the proxy, and is not for other sites. */
async function checkSession(url: string): Promise<void> {
  const headers = { "content-type": "application/json", origin: url };
  const body = JSON.stringify({ user: "alice", password: PASSWORD });
  const login = await fetch(`${url}/login`, {
    method: "POST",
    headers,
    body,
  });
  assertEquals(await drain(login), 200);
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  const pause = (headers: Record<string, string>) =>
    fetch(`${url}/queues/default/resume`, { method: "POST", headers }).then(drain);
  assertEquals(await pause({ ...headers, cookie }), 200);
  assertEquals(await pause({ cookie, origin: "https://evil.example" }), 403);
}

/** The states of a task as a socket tells them, up to its end. */
async function watch(url: string): Promise<string[]> {
  const socket = new WebSocket(url, { headers: LOGIN });
  const states: string[] = [];
  const ended = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => {
    const message: ServerMessage = JSON.parse(data);
    if (message.type !== "event") return;
    states.push(message.status);
    if (isReady(message.status)) ended.resolve();
  };
  socket.onclose = ({ code }) => {
    ended.reject(new Error(`The socket closed with ${code} after ${states}`));
    closed.resolve();
  };
  try {
    await ended.promise;
  } finally {
    socket.close();
    await closed.promise;
  }
  return states;
}

/** Resolves when a stream has told of progress. */
async function progressOf(url: string): Promise<void> {
  const headers = { ...LOGIN, accept: "text/event-stream" };
  const { body } = await fetch(url, { headers });
  assert(body !== null);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("PROGRESS")) {
    const { value, done } = await reader.read();
    assert(!done, `The stream ended after ${text}`);
    text += value;
  }
  await reader.cancel();
}

async function drain(response: Response): Promise<number> {
  await response.body?.cancel();
  return response.status;
}

function command(program: string, args: string[], env: Record<string, string>): Deno.Command {
  const out = Deno.env.has("TEST_VERBOSE") ? "inherit" : "null";
  return new Deno.Command(program, { args, env, stdin: "null", stdout: out, stderr: out });
}

async function isInstalled(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["-v"] }).output()).code >= 0;
  } catch {
    return false;
  }
}
