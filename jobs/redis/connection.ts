/** The connections to one Redis: kept up, bounded in every wait, and with one word for "away". */

import { Redis } from "ioredis";
import { getLogger } from "@logtape/logtape";
import { BrokerUnavailableError } from "../broker.ts";
import { replyError, type Script } from "./scripts.ts";

/** No command waits longer for its answer; also how long a silent socket counts as alive. */
const COMMAND_TIMEOUT_MS = 4000;
/** After a connection is lost, calls wait this long for a new one. */
const RECONNECT_WAIT_MS = 1000;
/** A quiet subscription is asked for a sign of life this often. */
const PING_EVERY_MS = 2500;

/** Replies that tell of the server's state, not of a fault of ours. */
const UNAVAILABLE =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|NOREPLICAS|MISCONF|NOAUTH|WRONGPASS|NOPERM)/;

const log = getLogger(["taskapp", "broker"]);

export interface ConnectionListener {
  onMessage(channel: string, message: string): void;
  /** Commands go again after they did not. */
  onReconnected(): void;
  /** Messages arrive again after they did not: some may have been missed. */
  onResubscribed(): void;
}

export class Connection {
  /** Where it leads, without credentials. */
  readonly location: string;
  readonly #redis: Redis;
  /** Made when someone first listens: a connection of its own, so that news never queue. */
  #listening: Redis | undefined;
  readonly #channels = new Set<string>();
  #pings: ReturnType<typeof setInterval> | undefined;
  /** Whether there is a connection, to the database that was asked for. */
  #up = false;
  /** Resolved while there is a connection, rejected when one has been missing for too long. */
  #ready = Promise.withResolvers<void>();
  #givingUp: ReturnType<typeof setTimeout> | undefined;
  #closing = false;
  #lastError = "no connection";
  /** Set while Redis cannot serve us as we are configured. */
  #refusal: string | undefined;
  #identity: { server: string; client: string } | undefined;

  /** Connects in the background and keeps trying. */
  constructor(url: string, private readonly listener: ConnectionListener) {
    this.location = withoutCredentials(url);
    this.#redis = new Redis(url, {
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: null,
      autoResubscribe: false,
      disableClientInfo: true,
      retryStrategy: (times) =>
        this.#closing ? null : Math.min(25 * 2 ** Math.min(times, 10), 1000),
      reconnectOnError: (error) => error.message.startsWith("READONLY"),
    });
    this.#watch();
  }

  run(script: Script, args: (string | number)[]): Promise<unknown> {
    return this.call((redis) => script.run(redis, args));
  }

  /**
   * Makes a call, once there is a connection.
   * @throws {BrokerUnavailableError} whatever says that Redis is away
   */
  async call<T>(call: (redis: Redis) => Promise<T>): Promise<T> {
    if (!this.#up) await this.#ready.promise;
    if (this.#refusal) throw new BrokerUnavailableError(this.#refusal);
    try {
      return await call(this.#redis);
    } catch (error) {
      const reply = replyError(error);
      if (reply && !UNAVAILABLE.test(reply)) throw error;
      if (!this.#up) throw this.#unreachable();
      const reason = error instanceof Error ? error.message : String(error);
      const message = `Redis at ${this.location} did not answer: ${reason}`;
      throw new BrokerUnavailableError(message, { cause: error });
    }
  }

  /** Which connection of which server this is, so that others can see when it closes. */
  async identity(): Promise<{ server: string; client: string }> {
    if (this.#identity) return this.#identity;
    try {
      const [client, info] = await Promise.all([
        this.#redis.client("ID"),
        this.#redis.info("server"),
      ]);
      const server = /^run_id:(\w+)/m.exec(info)?.[1] ?? "";
      return this.#identity = { server, client: String(client) };
    } catch (error) {
      log.debug(`Cannot ask Redis for the connection's id: ${error}`);
      return { server: "", client: "" };
    }
  }

  /** Those of this server's connections that are open; all where it does not let us ask. */
  async open(clients: string[]): Promise<Set<string | undefined>> {
    try {
      const list = String(await this.#redis.call("CLIENT", "LIST", "ID", ...clients));
      return new Set([...list.matchAll(/^id=(\d+)/gm)].map((match) => match[1]));
    } catch (error) {
      log.debug(`Cannot ask Redis which connections are open: ${error}`);
      return new Set(clients);
    }
  }

  async listen(channel: string): Promise<void> {
    this.#channels.add(channel);
    const redis = this.#listening ??= this.#openListening();
    await this.call(() => redis.subscribe(channel));
  }

  async unlisten(channel: string): Promise<void> {
    this.#channels.delete(channel);
    const redis = this.#listening;
    // One that is down listens to nothing; what it will is decided when it is back.
    if (redis?.status === "ready") await redis.unsubscribe(channel).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#pings);
    clearTimeout(this.#givingUp);
    await Promise.all([this.#redis, this.#listening].map((redis) => redis && disconnect(redis)));
  }

  #watch(): void {
    let warned = false;
    this.#ready.promise.catch(() => {}); // there may be nobody waiting
    this.#redis.on("error", (error: Error) => {
      this.#lastError = error.message;
      if (!warned) log.warn(`Redis at ${this.location} is not reachable: ${error.message}`);
      warned = true;
    });
    this.#redis.on("ready", async () => {
      if (warned) log.info(`Redis at ${this.location} is back`);
      warned = false;
      clearTimeout(this.#givingUp);
      this.#givingUp = undefined;
      await this.#checkDatabase();
      if (this.#redis.status !== "ready") return;
      this.#up = true;
      this.#ready.resolve();
      this.listener.onReconnected();
    });
    this.#redis.on("close", () => {
      this.#identity = undefined;
      if (this.#up) {
        this.#ready = Promise.withResolvers<void>();
        this.#ready.promise.catch(() => {});
      }
      this.#up = false;
      const giveUp = () => this.#ready.reject(this.#unreachable());
      if (this.#closing) giveUp();
      else this.#givingUp ??= setTimeout(giveUp, RECONNECT_WAIT_MS);
    });
  }

  /** Where the chosen database does not exist, ioredis goes on in database 0, where others may be. */
  async #checkDatabase(): Promise<void> {
    const { db = 0 } = this.#redis.options;
    if (db === 0) return;
    const info = String(await this.#redis.call("CLIENT", "INFO").catch(() => ""));
    const actual = / db=(\d+)/.exec(info)?.[1];
    const wrong = actual !== undefined && Number(actual) !== db;
    this.#refusal = wrong ? `Redis at ${this.location} has no database ${db}` : undefined;
  }

  #unreachable(): BrokerUnavailableError {
    return new BrokerUnavailableError(
      `Redis at ${this.location} is not reachable: ${this.#lastError}`,
    );
  }

  #openListening(): Redis {
    const redis = this.#redis.duplicate();
    let before = false;
    redis.on("error", () => {}); // the other connection tells
    redis.on("message", (channel: string, message: string) => {
      this.listener.onMessage(channel, message);
    });
    redis.on("ready", () => {
      if (before) this.#relisten(redis).catch((error) => log.debug(`Resubscribing: ${error}`));
      before = true;
    });
    // Silence is normal here, so only an answer to a ping tells a quiet connection from a dead one.
    this.#pings = setInterval(() => redis.ping().catch(() => {}), PING_EVERY_MS);
    return redis;
  }

  /** After a lost connection: listen again first, then tell that something may have been missed. */
  async #relisten(redis: Redis): Promise<void> {
    if (this.#channels.size > 0) await redis.subscribe(...this.#channels);
    this.listener.onResubscribed();
  }
}

/** Resolves when the connection has ended; one that is waiting to be tried again is tried once more. */
function disconnect(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    if (redis.status === "end") return resolve();
    redis.once("end", () => resolve());
    if (["connecting", "connect", "ready"].includes(redis.status)) redis.disconnect();
    else redis.once("ready", () => redis.disconnect());
  });
}

function withoutCredentials(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
