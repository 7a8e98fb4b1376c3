/** `taskapp serve`: the HTTP API, the WebSockets and the page. */

import { getLogger } from "@logtape/logtape";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import { upkeep } from "../jobs/upkeep.ts";
import { configureLog } from "../lib/log.ts";
import { stopSignal } from "../lib/signals.ts";
import { Ticker } from "../lib/ticker.ts";
import { createApp } from "../routes/app.ts";
import { canStart } from "./can_start.ts";
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
}

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

export async function serve(options: ServeOptions, io: Io): Promise<number> {
  checkHost(options);
  configureLog(options.loglevel);
  const broker = connectBroker(options.broker, options);
  try {
    if (!await canStart(broker)) return 0;
    const server = listen(broker, options);
    // With no worker there nobody else would see what waits again, and what is due.
    const ticker = new Ticker(upkeep(broker));
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
export function listen(broker: Broker, options: ServeOptions): Server {
  const { host: hostname, port, tutorialRoutes, allowedHosts } = options;
  const app = createApp({
    broker,
    registry: new Registry(tasks),
    tutorialRoutes,
    version: VERSION,
    // Pages of other sites can have their own name point here, but not choose another name.
    allowedHosts: allowedHosts ?? (isLoopback(hostname) ? LOOPBACK_NAMES : null),
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
 * Nobody should find an open door by accident.
 * @param options without `auth` where the command has no `--no-auth`
 * @throws {UsageError} others could reach the address, and the user did not insist
 */
export function checkHost({ host, auth }: { host: string; auth?: boolean }): void {
  if (isLoopback(host) || auth === false) return;
  const others = auth === undefined
    ? "for others run serve with --no-auth and work, and put a proxy with a login in front"
    : "put a proxy with a login in front and say --no-auth";
  throw new UsageError(
    `--host ${host} would let anyone in reach start and cancel tasks: ` +
      `${others}, or stay on 127.0.0.1`,
  );
}

function isLoopback(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|::1)$/.test(host);
}
