/** `taskapp serve`: the HTTP API, the WebSockets and the page. */

import { getLogger } from "@logtape/logtape";
import type { Broker } from "../jobs/broker.ts";
import { Mask } from "../jobs/access_mask.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import type { SettingInfo } from "../jobs/wire.ts";
import { upkeep } from "../jobs/upkeep.ts";
import { giveBackMemory, whenIdle } from "../lib/idle_memory.ts";
import { configureLog } from "../lib/log.ts";
import { stopSignal } from "../lib/signals.ts";
import { Ticker } from "../lib/ticker.ts";
import { createApp } from "../routes/app.ts";
import { type AccessSettings, OPEN } from "../routes/access_parts.ts";
import { canStart } from "./can_start.ts";
import { openFile } from "./credentials.ts";
import { VERSION } from "./version.ts";
import { type Io, UsageError } from "./io.ts";
import type { CommonOptions } from "./options.ts";

/** Requests under way may end within this time at shutdown. */
const DRAIN_MS = 5000;

const log = getLogger(["taskapp", "serve"]);

export interface ServeOptions extends CommonOptions {
  host: string;
  port: number;
  /** False only where the user said `--no-auth`. */
  auth: boolean;
  tutorialRoutes: boolean;
  /** Names that requests may be addressed to; without it those of this machine, or any beyond it. */
  allowedHosts?: string[];
  usersFile?: string;
  tokensFile?: string;
  readOnly?: boolean;
  /** Names of fields. */
  mask?: string[];
  /** Addresses and ranges. */
  trustedProxies?: string[];
  /** All that count, to be shown. */
  settings: SettingInfo[];
}

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

export async function serve(options: ServeOptions, io: Io): Promise<number> {
  checkHost(options);
  configureLog(options.loglevel);
  const access = accessOf(options);
  const broker = connectBroker(options.broker, options);
  try {
    if (!await canStart(broker)) return 0;
    const server = listen(broker, options, access);
    // With no worker there nobody else would see what waits again, and what is due.
    const ticker = new Ticker([...upkeep(broker), whenIdle(giveBackMemory)]);
    ticker.start();
    io.out(`taskapp ${VERSION} serves ${server.url} with ${broker.location}\n`);
    await stopSignal();
    await server.close();
    const stopped = ticker.stop();
    await broker.close(); // a silent one must not hold us up
    await stopped;
  } finally {
    await broker.close();
  }
  return 0;
}

export interface Server {
  url: string;
  close(): Promise<void>;
}

/**
 * Starts to listen.
 * @throws {UsageError} the address cannot be had
 */
export function listen(broker: Broker, options: ServeOptions, access = OPEN): Server {
  const { host: hostname, port, tutorialRoutes, allowedHosts } = options;
  const app = createApp({
    broker,
    registry: new Registry(tasks),
    tutorialRoutes,
    version: VERSION,
    // Pages of other sites can have their own name point here, but not choose another name.
    allowedHosts: allowedHosts ?? (isLoopback(hostname) ? LOOPBACK_NAMES : null),
    access,
    settings: options.settings,
  });
  try {
    const abandon = new AbortController();
    const server = Deno.serve(
      { hostname, port, signal: abandon.signal, onListen: () => {} },
      app.fetch,
    );
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    return {
      url: `http://${host}:${server.addr.port}`,
      close: async () => {
        log.info("Stopping: open requests may end within {seconds} s", {
          seconds: DRAIN_MS / 1000,
        });
        await app.close();
        const timer = setTimeout(() => abandon.abort(), DRAIN_MS);
        await server.shutdown();
        clearTimeout(timer);
      },
    };
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new UsageError(`${hostname}:${port} is in use: choose another with --port`);
    }
    const reason = error instanceof Error ? error.message : error;
    throw new UsageError(`cannot listen on ${hostname}:${port}: ${reason}`);
  }
}

/**
 * Reads who may come in.
 * @throws {UsageError} a file is not written right, or nobody could come in
 */
function accessOf(options: ServeOptions): AccessSettings {
  const { usersFile, tokensFile, readOnly = false, mask, trustedProxies } = options;
  const files = {
    ...usersFile !== undefined && { user: openFile("user", usersFile) },
    ...tokensFile !== undefined && { token: openFile("token", tokensFile) },
  };
  const all = Object.values(files);
  if (all.length > 0 && all.every(({ credentials }) => credentials.length === 0)) {
    throw new UsageError(
      `${all.map(({ path }) => path).join(" and ")}: nobody is in there who could come in; ` +
        `add somebody by taskapp ${all[0]?.kind} add NAME --role admin`,
    );
  }
  return {
    files: all.length > 0 ? files : null,
    readOnly,
    mask: mask ? new Mask(mask) : null,
    trustedProxies: trustedProxies ?? OPEN.trustedProxies,
  };
}

/**
 * Nobody should find an open door by accident.
 * @param options without `auth` where the command has no `--no-auth`
 * @throws {UsageError} others could reach the address, nobody has to log in, and the user did not insist
 */
export function checkHost(
  { host, auth, usersFile, tokensFile }:
    & Pick<ServeOptions, "host" | "usersFile" | "tokensFile">
    & { auth?: boolean },
): void {
  const hasLogin = usersFile !== undefined || tokensFile !== undefined;
  if (auth === false && hasLogin) {
    const option = usersFile === undefined ? "--tokens-file" : "--users-file";
    throw new UsageError(`--no-auth and ${option} contradict each other: leave one of them out`);
  }
  if (isLoopback(host) || hasLogin || auth === false) return;
  const others = auth === undefined
    ? "for others run serve with --users-file and work"
    : "say who may come in with --users-file, or, behind a proxy with a login, say --no-auth";
  throw new UsageError(
    `--host ${host} would let anyone in reach start and cancel tasks: ` +
      `${others}, or stay on 127.0.0.1`,
  );
}

function isLoopback(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|::1)$/.test(host);
}
