/** The container image, Compose, the systemd units and the workflows. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdir } from "node:fs/promises";
import { parse } from "node:path";
import config from "../deno.json" with { type: "json" };
import { TARGETS } from "../tools/targets.ts";
import {
  checkCommandLine,
  checkVariables,
  graceOf,
  isMissing,
  output,
  parseYaml,
  read,
  ROOT,
} from "./deploy.ts";

const FILES = ["compose.yaml", "compose.production.yaml"];
const WORKFLOWS = ".github/workflows";
const UNITS = "deploy/systemd";

/** Variables that tools and tests read, not the program. */
const FOR_BUILDING = ["TASKAPP_COMMIT", "TASKAPP_EXECUTABLE"];

/** `docker compose`, or its predecessor where that is all there is. */
const COMPOSE = await isMissing("docker", "compose", "version")
  ? ["docker-compose"]
  : ["docker", "compose"];
const noCompose = await isMissing(COMPOSE[0] ?? "", ...COMPOSE.slice(1), "version");
const noSystemd = await isMissing("systemd-analyze", "--version");

interface Service {
  image: string;
  command?: string | string[];
  environment?: Record<string, string>;
  ports?: (string | { host_ip?: string })[];
  stop_grace_period?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  restart?: string;
  networks?: Record<string, unknown>;
  secrets?: { source: string }[];
  deploy?: { replicas: number; resources: { limits: Record<string, unknown> } };
}

/** What services have in common. */
interface Shared {
  networks: Record<string, unknown>;
  secrets?: Record<string, unknown>;
}

/** What Compose makes of files. */
async function compose(...files: string[]): Promise<[services: [string, Service][], text: string]> {
  const [command = "", ...args] = COMPOSE;
  const text = await output(command, [
    ...args,
    ...files.flatMap((file) => ["--file", ROOT + file]),
    "config",
  ]);
  const [{ services }] = parseYaml<{ services: Record<string, Service> }>(text);
  return [Object.entries(services), text];
}

Deno.test("the image is for nobody in particular, and calls taskapp as it wants to be", () => {
  const text = read("Dockerfile");
  const commands = [...text.matchAll(/\bCMD (\[.*\])$/gm)].map(([, words = ""]) =>
    JSON.parse(words)
  );
  assertEquals(commands.length, 2);
  for (const words of commands) {
    checkCommandLine(words.filter((word: string) => word !== "taskapp"));
  }
  assertMatch(text, /^USER \d+:\d+$/m);
  const folder = /^VOLUME (\S+)$/m.exec(text)?.[1] ?? "none";
  const [, writable = ""] = /--allow-write=(\S+)/.exec(config.tasks.taskapp.command) ?? [];
  assert(writable.split(",").includes(folder), `taskapp may not write to ${folder}`);
});

Deno.test("everything names the same version of Deno", async () => {
  const files = ["Dockerfile", "README.md", ".ci/run"];
  for (const file of await readdir(ROOT + WORKFLOWS)) files.push(`${WORKFLOWS}/${file}`);
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/(?:deno@|deno:\w+-|deno-version: )(\d+\.\d+\.\d+)/g)]
      .map(([, version]) => `${file} ${version}`)
  );
  const versions = new Set(named.map((each) => each.split(" ")[1]));
  assertEquals([versions.size, named.length > 6], [1, true], named.join("\n"));
});

for (const files of [FILES.slice(0, 1), FILES]) {
  Deno.test({
    name: `compose: ${files.join(" and ")} make sense together`,
    ignore: noCompose,
    async fn() {
      const [services, text] = await compose(...files);
      const [{ networks, secrets = {} }] = parseYaml<Shared>(text);
      for (const [name, service] of services) {
        for (const { source } of service.secrets ?? []) assert(source in secrets, source);
        for (const network of Object.keys(service.networks ?? {})) {
          assert(network in networks, network);
        }
        if (name !== "proxy") {
          for (const port of service.ports ?? []) assertMatch(JSON.stringify(port), /127\.0\.0\.1/);
        }
        if (service.image !== "taskapp") continue;
        checkVariables(Object.keys(service.environment ?? {}));
        const words = wordsOf(service.command ?? "serve");
        checkCommandLine(words);
        const patience = secondsOf(service.stop_grace_period ?? "10s");
        assert(patience >= (name === "work" ? graceOf(words) + 5 : 10), `${name} is killed early`);
      }
      const work = services.find(([name]) => name === "work")?.[1];
      assertEquals(work?.deploy?.replicas, 2);
      assertEquals(Object.keys(work?.deploy?.resources.limits ?? {}).sort(), ["cpus", "memory"]);
    },
  });
}

Deno.test({
  name: "compose: in production no container can do more than it must",
  ignore: noCompose,
  async fn() {
    const [services] = await compose(...FILES);
    assertEquals(services.map(([name]) => name).sort(), ["proxy", "redis", "serve", "work"]);
    for (const [name, service] of services) {
      const { read_only, cap_drop, security_opt, restart, environment = {} } = service;
      assertEquals(
        [read_only, cap_drop, security_opt, restart],
        [true, ["ALL"], ["no-new-privileges:true"], "unless-stopped"],
        name,
      );
      const paths = Object.values(environment).filter((value) => value.startsWith("/run/secrets/"));
      const secrets = service.secrets?.map(({ source }) => `/run/secrets/${source}`) ?? [];
      if (name !== "redis") assertEquals(paths.sort(), secrets.sort());
    }
  },
});

/** The lines of a unit as systemd joins them: its own, and those of what all units share. */
function unit(name: string): string[] {
  return `${read(`${UNITS}/common.conf`)}\n${read(`${UNITS}/${name}`)}`.split("\n");
}

for (const name of ["taskapp-serve.service", "taskapp-work@.service"]) {
  Deno.test(`systemd: ${name} calls taskapp as it wants to be called`, () => {
    const lines = [...unit(name), ...read(`${UNITS}/redis.conf`).split("\n")];
    const values = (key: string) =>
      lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
    const [program = "", ...words] = wordsOf(values("ExecStart")[0] ?? "");
    assertEquals(program, "/usr/local/bin/taskapp");
    checkCommandLine(words);
    checkVariables(values("Environment").map((value) => value.split("=")[0] ?? ""));
    const least = words[0] === "work" ? graceOf(words) + 10 : 10;
    assert(Number(values("TimeoutStopSec")[0]) >= least, "it is killed early");
    // Where the program may read and write, and nowhere else.
    assertEquals(values("StateDirectory"), ["taskapp"]);
    assertEquals(values("WorkingDirectory"), ["/var/lib/taskapp"]);
  });
}

Deno.test({
  name: "systemd: it knows all that the units say, and finds little exposed",
  ignore: noSystemd,
  async fn() {
    const root = await Deno.makeTempDir({ prefix: "taskapp-systemd-" });
    try {
      const folder = `${root}/etc/systemd/system`;
      await Deno.mkdir(`${folder}/taskapp-.service.d`, { recursive: true });
      await Deno.mkdir(`${root}/usr/local/bin`, { recursive: true });
      await Deno.copyFile("/bin/true", `${root}/usr/local/bin/taskapp`);
      // What the units are put on top of.
      for (const name of ["sysinit", "basic", "shutdown", "network-online"]) {
        await Deno.writeTextFile(`${folder}/${name}.target`, "[Unit]\n");
      }
      for (const file of await readdir(ROOT + UNITS)) {
        const to = { ".conf": `${folder}/taskapp-.service.d` }[parse(file).ext] ?? folder;
        if (file !== "sysusers.conf") {
          await Deno.copyFile(`${ROOT}${UNITS}/${file}`, `${to}/${file}`);
        }
      }
      const units = ["taskapp-serve.service", "taskapp-work@1.service"];
      const { success, stderr } = await new Deno.Command("systemd-analyze", {
        args: ["verify", `--root=${root}`, "--man=no", ...units, "taskapp.target"],
      }).output();
      assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
      // Of 100; more would fail.
      const args = ["security", "--offline=true", "--threshold=15", `--root=${root}`];
      await output("systemd-analyze", [...args, ...units]);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});

for (const file of ["docs/deployment.md", "README.md"]) {
  Deno.test(`${file} tells of what there is`, () => {
    const text = read(file);
    const called = [
      ...text.matchAll(/\btaskapp ((?:serve|work|dev|call|config|migrate|healthcheck)\b[^`#\n]*)/g),
    ];
    assert(called.length > 3);
    for (const [, words = ""] of called) checkCommandLine(wordsOf(words));
    for (const [, task = ""] of text.matchAll(/deno task (\w+)/g)) {
      assert(task in config.tasks, task);
    }
    for (const [path] of text.matchAll(/\bdeploy\/[\w./-]*\w/g)) Deno.statSync(ROOT + path);
    for (const [, link = ""] of text.matchAll(/\]\((?!\w+:|#)([^)#]+)/g)) {
      Deno.statSync(new URL(link, new URL(file, `file://${ROOT}`)));
    }
    for (const [, anchor = ""] of text.matchAll(/\]\(#([^)]+)\)/g)) {
      const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
      const anchors = headings.map((heading) => heading.toLowerCase().replaceAll(" ", "-"));
      assert(anchors.includes(anchor), anchor);
    }
    const metrics = read("routes/metrics.ts");
    for (const [name] of text.matchAll(/\btaskapp_[a-z_]+/g)) {
      assert(metrics.includes(`"${name.replace(/_bucket$/, "")}"`), name);
    }
    const variables = text.match(/\bTASKAPP_[A-Z_]+/g) ?? [];
    checkVariables(variables.filter((name) => !FOR_BUILDING.includes(name)));
  });
}

interface Job {
  uses?: string;
  steps?: { uses?: string; run?: string }[];
  "timeout-minutes"?: number;
  strategy?: { matrix: { include: { target?: string }[] } };
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

for (const file of await readdir(ROOT + WORKFLOWS)) {
  Deno.test(`workflows: ${file} uses what there is, with few rights`, () => {
    const [workflow] = parseYaml<Workflow>(read(`${WORKFLOWS}/${file}`));
    assertEquals(workflow.permissions, { contents: "read" });
    for (const [name, job] of Object.entries(workflow.jobs)) {
      assert(job.uses || job["timeout-minutes"], `${name} may run for hours`);
      if (job.uses) read(job.uses);
      for (const { uses, run = "" } of job.steps ?? []) {
        if (uses) assertMatch(uses, /^(actions|denoland|docker)\/[\w-]+@v\d+$/);
        for (const [, task = ""] of run.matchAll(/deno task (\w+)/g)) {
          assert(task in config.tasks, task);
        }
        for (const [, words = ""] of run.matchAll(/(?:taskapp|\$TASKAPP) ([a-z].*)/g)) {
          checkCommandLine(wordsOf(words));
        }
      }
      for (const { target } of job.strategy?.matrix.include ?? []) {
        if (target) assert(target in TARGETS, target);
      }
    }
  });
}

/** The words of a command line without quotes in its options. */
function wordsOf(command: string | string[]): string[] {
  return typeof command === "string" ? command.split(/\s+/) : command;
}

/** Seconds of a duration as Compose writes it: 40s, 1m40s. */
function secondsOf(text: string): number {
  const [, minutes = 0, seconds = 0] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}
