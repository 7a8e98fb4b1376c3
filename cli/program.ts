/**
 * The command line: commands, flags, their variables and defaults, all in one place. What a command
 * does is loaded when it runs: a worker has no need of the HTTP server's code, nor `--help` of any.
 */

import { Command, Option } from "commander";
import { TRUSTED_PROXIES } from "../routes/access_client.ts";
import { addCallOptions } from "./call_options.ts";
import type { Origins } from "../lib/env.ts";
import { addConfigCommand, loadSettings, sayOrigins, settingsFor } from "./config.ts";
import { fileOption } from "./credentials.ts";
import { addDeadCommands } from "./dead.ts";
import type { Io } from "./io.ts";
import {
  brokerOption,
  brokerUrl,
  deadExpiresOption,
  devBrokerOption,
  integer,
  loglevelOption,
  maskNames,
  names,
  proxies,
  resultExpiresOption,
  seconds,
  time,
} from "./options.ts";
import { addQueueCommands } from "./queue.ts";
import { addScheduleCommand } from "./schedule.ts";
import { addTaskCommands } from "./task.ts";
import { addTokenCommand } from "./token.ts";
import { addUserCommand } from "./user.ts";
import { BUILD, VERSION } from "./version.ts";
import { addWorkerCommands } from "./worker.ts";
import { addWorkOptions } from "./work_options.ts";

/** @param done takes the exit code of the command that ran */
export function createProgram(io: Io, done: (code: number) => void): Command {
  const program = new Command("taskapp")
    .description("A task queue with retries, time limits and a live page")
    .version(`taskapp ${VERSION} (${BUILD})`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      outputError: (text, write) => write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`),
    });

  let origins: Origins = new Map();
  program.hook("preSubcommand", (_, command) => {
    origins = loadSettings(command);
  });

  const common = (command: Command, broker = brokerOption()) =>
    command.addOption(broker).addOption(loglevelOption())
      .addOption(resultExpiresOption()).addOption(deadExpiresOption());

  common(program.command("serve").description("Serve the HTTP API, WebSockets and the page"))
    .addOption(hostOption())
    .addOption(portOption())
    .addOption(noAuthOption())
    .addOption(tutorialRoutesOption())
    .addOption(allowedHostsOption())
    .addOption(fileOption("user", "who may log in, made by taskapp user; without it nobody has to"))
    .addOption(fileOption("token", "what programs may come in with, made by taskapp token"))
    .addOption(readOnlyOption())
    .addOption(maskOption())
    .addOption(trustedProxiesOption())
    .action(async (options, command) => {
      const { serve } = await import("./serve.ts");
      done(await serve({ ...options, settings: settingsFor(command, origins) }, io));
    });

  addWorkOptions(common(program.command("work").description("Run tasks")))
    .action(async (options) => {
      const { work } = await import("./work.ts");
      done(await work(options, io));
    });

  const devCommand = program.command("dev")
    .description("Serve and work in one process, nothing to set up");
  addWorkOptions(common(devCommand, devBrokerOption()))
    .addOption(hostOption())
    .addOption(portOption())
    .addOption(allowedHostsOption())
    .action(async (options, command) => {
      const settings = settingsFor(command, origins);
      const { dev } = await import("./dev.ts");
      done(await dev({ ...options, tutorialRoutes: true, settings }, io));
    });

  addCallOptions(
    program.command("call").description("Start a task")
      .argument("<name>", "the task's name")
      .argument("[args]", "its arguments as JSON: an array or an object")
      .addOption(brokerOption())
      .addOption(new Option("--countdown <seconds>", "wait before it runs").argParser(seconds))
      .addOption(new Option("--eta <time>", "not before this time, ISO 8601").argParser(time))
      .option(
        "--idempotency-key <key>",
        "a second call under the same key gets the first one's task",
      ),
  )
    .option("-w, --watch", "show its progress; exit 0 on SUCCESS, else 1")
    .action(async (name, args, options) => {
      const { call } = await import("./call.ts");
      done(await call(name, args, options, io));
    });

  addTaskCommands(
    program.command("task").description(
      "List, cancel and run again tasks, and limit their rate and time",
    )
      .addOption(brokerOption()).addOption(resultExpiresOption()),
    io,
    done,
  );

  addDeadCommands(
    program.command("dead").description(
      "List tasks that failed for good, run them again, forget them",
    )
      .addOption(brokerOption()),
    io,
    done,
  );

  addQueueCommands(
    program.command("queue").description("List queues, pause and limit them")
      .addOption(brokerOption()),
    io,
  );

  addWorkerCommands(
    program.command("worker").alias("workers")
      .description("List live workers, and tell them what to do")
      .addOption(brokerOption()),
    io,
    done,
  );

  program.command("purge").description("Revoke all tasks of some queues that wait")
    .addOption(brokerOption()).addOption(resultExpiresOption())
    .addOption(
      new Option("-Q, --queues <names>", "which").argParser(names).makeOptionMandatory(),
    )
    .option("-f, --force", "do not ask")
    .action(async (options) => {
      const { purge } = await import("./purge.ts");
      done(await purge(options, io));
    });
  addScheduleCommand(program, io, done);

  addUserCommand(program, io);
  addTokenCommand(program, io);

  program.command("migrate").description("Move all tasks from a database file to a Redis")
    .addOption(
      new Option("--from <sqlite:FILE>", "the file; nobody else may have it open")
        .argParser(brokerUrl).makeOptionMandatory(),
    )
    .addOption(brokerOption("--to <url>", "the Redis; its workers must not run"))
    .action(async (options) => {
      const { migrate } = await import("./migrate.ts");
      done(await migrate(options, io));
    });

  program.command("healthcheck").description("Exit 0 if a server answers")
    .addOption(hostOption("address that it listens on"))
    .addOption(portOption("port that it listens on", 1))
    .option("--url <url>", "ask there instead")
    .action(async (options) => {
      const { healthcheck } = await import("./healthcheck.ts");
      done(await healthcheck(options, io));
    });

  sayOrigins(program, () => origins);
  addConfigCommand(program, io, () => origins);
  return program;
}

function hostOption(
  description = "address to listen on; beyond this machine only serve, with a login or --no-auth",
): Option {
  return new Option("--host <address>", description)
    .env("TASKAPP_HOST").default("127.0.0.1");
}

function portOption(
  description = "port to listen on; 0 for any that is free",
  min = 0,
): Option {
  return new Option("-p, --port <port>", description)
    .env("TASKAPP_PORT").default(8000).argParser(integer(min, 65535));
}

function allowedHostsOption(): Option {
  const description = "host names to answer to, as a proxy passes them on; " +
    "without it localhost, 127.0.0.1 and [::1], or any name if --host is beyond this machine";
  return new Option("--allowed-hosts <names>", description)
    .env("TASKAPP_ALLOWED_HOSTS").argParser((text) => text.split(",").map((name) => name.trim()));
}

function noAuthOption(): Option {
  return new Option(
    "--no-auth",
    "listen beyond this machine without a login: anyone may come in; put a proxy with one in front",
  )
    .env("TASKAPP_NO_AUTH");
}

function tutorialRoutesOption(): Option {
  return new Option("--tutorial-routes", "answer GET /{word}, which starts a task; dev always does")
    .env("TASKAPP_TUTORIAL_ROUTES").default(false);
}

function readOnlyOption(): Option {
  return new Option("--read-only", "refuse whatever would change something, to everybody")
    .env("TASKAPP_READ_ONLY").default(false);
}

function maskOption(): Option {
  const description = "fields of arguments, results and meta whose values nobody is shown, " +
    "such as password,*_token";
  return new Option("--mask <names>", description).env("TASKAPP_MASK").argParser(maskNames);
}

function trustedProxiesOption(): Option {
  const description =
    "addresses of proxies, or ranges such as 10.0.0.0/8, that are believed where a " +
    "request comes from (X-Forwarded-For, X-Forwarded-Proto)";
  return new Option("--trusted-proxies <addresses>", description).env("TASKAPP_TRUSTED_PROXIES")
    .argParser(proxies).default(TRUSTED_PROXIES);
}
