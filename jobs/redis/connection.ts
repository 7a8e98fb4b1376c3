/**
 * The connections to one Redis: kept up, bounded in every wait, and with one word for "away". It is
 * also the one that tells of it: a line when Redis goes, a line when it is back.
 */

import { Redis } from "ioredis";
import { getLogger } from "@logtape/logtape";
import { BrokerFullError, BrokerRefusedError, BrokerUnavailableError } from "../broker.ts";
import { Outage } from "../outage.ts";
import { CONTROL_CHANNEL, PREFIX } from "./keys.ts";
import { connectorTo, end } from "./connector.ts";
import { replyError, type Script } from "./scripts.ts";
import { Sentinels } from "./sentinel.ts";
import { readTls } from "./tls.ts";
import {
  fromError,
  fromReply,
  reasonOf,
  REPLICA,
  type Risk,
  risks,
  type Trouble,
  TroubleError,
  unreachable,
} from "./trouble.ts";
import { parseRedisUrl } from "./url.ts";

/** No command waits longer for its answer; also how long a silent socket counts as alive. */
const COMMAND_TIMEOUT_MS = 4000;
/** A call whose connection breaks by then is made once more on the next one. */
const REPEAT_WITHIN_MS = 2000;
/** Calls wait this long for the first connection, */
const CONNECT_WAIT_MS = 1500;
/** so much longer where nothing was heard of it by then, neither good nor bad, */
const CONNECT_NEWS_MS = 3000;
/** and this long for a new one when one was lost. */
const RECONNECT_WAIT_MS = 1000;
/** A server that answers but will not serve us is asked again this often. */
const ASK_AGAIN_MS = 1000;
/** A quiet subscription is asked for a sign of life this often. */
const PING_EVERY_MS = 2500;
/** Sentinel is asked this often whether the master is still the one that we are connected to. */
const ASK_SENTINEL_EVERY_MS = 2500;
/** How long a closed socket may wait for the other end to close it too. */
const DISCONNECT_TIMEOUT_MS = 200;

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
  /** When a call was last answered, by `performance.now()`. */
  answeredAt: number | null = null;
  readonly #name: string;
  readonly #redis: Redis;
  readonly #sentinels: Sentinels | undefined;
  /** Made when someone first listens: a connection of its own, so that news never queue. */
  #listening: Redis | undefined;
  readonly #channels = new Set<string>();
  #pings: ReturnType<typeof setInterval> | undefined;
  /** Whether that connection is up and yet could not listen again: it would look well for ever. */
  #deaf = false;
  /** Whether there is a connection that may do all it needs to. */
  #up = false;
  #wasUp = false;
  /** Open while calls need not wait: they are made, or fail at once. */
  #gate = Promise.withResolvers<void>();
  #givingUp: ReturnType<typeof setTimeout> | undefined;
  #askingAgain: ReturnType<typeof setTimeout> | undefined;
  #closing = false;
  /** Of the present connection or, before the next answers, of the one before. */
  #trouble: Trouble | undefined;
  readonly #outage: Outage;
  readonly #warned = new Set<string>();
  #identity: { server: string; client: string } | undefined;

  /**
   * Connects in the background and keeps trying.
   * @throws {TypeError} the URL is wrong
   * @throws {BrokerRefusedError} a file that it names cannot be used
   */
  constructor(url: string, private readonly listener: ConnectionListener) {
    const { location, login, db, tls: files, places: [place, ...more], master } = parseRedisUrl(
      url,
    );
    this.location = location;
    this.#name = `Redis at ${location}`;
    this.#outage = new Outage(this.#name);
    const tls = () => files && readTls(files);
    tls(); // what is wrong with them is said at once
    const sentinels = this.#sentinels = master &&
      new Sentinels([place, ...more], master.login, master.name, tls);
    this.#redis = new Redis({
      ...login,
      db,
      ...files && { tls: {} }, // the connector has its own; this tells ioredis which event to await
      Connector: sentinels
        ? connectorTo(() => sentinels.master(), tls, ASK_SENTINEL_EVERY_MS)
        : connectorTo(() => place, tls),
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: COMMAND_TIMEOUT_MS,
      // What a lost connection did not answer fails with it: sent later, when its caller has given up,
      // a claim would take tasks for nobody.
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      disableClientInfo: true,
      enableReadyCheck: false, // ours is #admit
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      retryStrategy: (times) =>
        this.#closing ? null : Math.min(25 * 2 ** Math.min(times, 10), 1000),
    });
    this.#watch();
    this.#givingUp = setTimeout(() => {
      if (this.#trouble) this.#giveUp();
      else this.#givingUp = setTimeout(() => this.#giveUp(), CONNECT_NEWS_MS);
    }, CONNECT_WAIT_MS);
  }

  run(script: Script, args: (string | number)[]): Promise<unknown> {
    return this.call((redis) => script.run(redis, args));
  }

  /**
   * Makes a call, once there is a connection, and again if that one breaks before it answers: whether
   * the call had its effect nobody knows then, and every call to a broker may be repeated.
   * @throws {BrokerUnavailableError} whatever says that Redis is away
   * @throws {BrokerRefusedError} Redis will not serve us, and has not before
   */
  async call<T>(call: (redis: Redis) => Promise<T>): Promise<T> {
    const repeatUntil = performance.now() + REPEAT_WITHIN_MS;
    for (let repeated = false;; repeated = true) {
      await this.#connected();
      try {
        const answer = await call(this.#redis);
        this.answeredAt = performance.now();
        return answer;
      } catch (error) {
        const broke = replyError(error) === undefined && this.#redis.status !== "ready";
        if (broke) this.#lost(); // the event that says so comes later
        if (!broke || repeated || performance.now() > repeatUntil) throw this.#explained(error);
      }
    }
  }

  /** Which connection of which server this is, so that others can see when it closes. */
  async identity(): Promise<{ server: string; client: string }> {
    if (this.#identity) return this.#identity;
    try {
      await this.#connected();
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
      await this.#connected();
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

  /** Nobody waits for it: what still comes is heard by nobody. */
  unlisten(channel: string): void {
    this.#channels.delete(channel);
    const redis = this.#listening;
    // One that is down listens to nothing; what it will is decided when it is back.
    if (redis?.status === "ready") redis.unsubscribe(channel).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#pings);
    clearTimeout(this.#givingUp);
    clearTimeout(this.#askingAgain);
    this.#outage.close();
    this.#gate.resolve();
    const all = [this.#redis, this.#listening].map((redis) => redis && end(redis));
    await Promise.all([...all, this.#sentinels?.close()]);
  }

  async #connected(): Promise<void> {
    if (!this.#up) await this.#gate.promise;
    if (!this.#up) throw this.#away();
  }

  #watch(): void {
    this.#redis.on("error", (error: Error) => this.#failed(error));
    this.#redis.on("ready", () => this.#admit());
    this.#redis.on("close", () => this.#lost());
  }

  #lost(): void {
    clearTimeout(this.#askingAgain);
    this.#identity = undefined;
    if (!this.#up) return;
    this.#up = false;
    if (this.#closing) return;
    this.#gate = Promise.withResolvers();
    this.#givingUp = setTimeout(() => this.#giveUp(), RECONNECT_WAIT_MS);
  }

  /** Lets calls through if the connection leads to the right database and may do what they do. */
  async #admit(): Promise<void> {
    const { db = 0 } = this.#redis.options;
    let info: string;
    try {
      [info] = await Promise.all([
        this.#redis.info().catch(noAnswer),
        db > 0 && this.#redis.select(db), // where it does not exist, ioredis has gone on in 0
        this.#redis.del(PREFIX), // the key that scripts are given; it holds nothing
        this.#redis.eval("return 1", 1, PREFIX),
        this.#redis.publish(CONTROL_CHANNEL, ""),
      ]);
      if (/^role:slave/m.test(info)) throw new TroubleError(REPLICA);
    } catch (error) {
      this.#failed(error);
      clearTimeout(this.#askingAgain);
      if (!this.#closing) this.#askingAgain = setTimeout(() => this.#askAgain(), ASK_AGAIN_MS);
      return;
    }
    if (this.#redis.status !== "ready" || this.#closing) return;
    clearTimeout(this.#givingUp);
    this.#up = this.#wasUp = true;
    this.#trouble = undefined;
    this.#gate.resolve();
    this.#outage.over();
    for (const risk of risks(info)) this.#warn(risk);
    this.listener.onReconnected();
  }

  /** Says each once, not after every reconnect. */
  #warn({ level, what }: Risk): void {
    if (this.#warned.has(what)) return;
    this.#warned.add(what);
    log[level](`${this.#name} ${what}`);
  }

  #askAgain(): void {
    if (!this.#up && this.#redis.status === "ready") this.#redis.disconnect(true);
  }

  #failed(error: unknown): void {
    this.#trouble = fromError(error, !this.#wasUp);
    if (this.#trouble.refusal) this.#giveUp();
  }

  /** From now on calls fail at once, until there is a connection again. */
  #giveUp(): void {
    clearTimeout(this.#givingUp);
    if (this.#closing) return;
    this.#trouble ??= unreachable("it does not answer", !this.#wasUp);
    const { kind, what } = this.#trouble;
    if (!this.#refused(this.#trouble)) this.#outage.tell(kind, what);
    this.#gate.resolve();
  }

  /** At first a refusal is for the caller, who ends with it; later Redis may change its mind. */
  #refused({ refusal }: Trouble): boolean {
    return refusal && !this.#wasUp && !this.#outage.told;
  }

  /** What to tell of a call that failed; an error that is no outage is the caller's. */
  #explained(error: unknown): unknown {
    const reply = replyError(error);
    const trouble = reply === undefined ? undefined : fromReply(reply);
    if (reply !== undefined && !trouble) return error;
    if (!this.#up) return this.#away();
    if (trouble) this.#turnedDown(trouble);
    const what = trouble?.what ?? `did not answer: ${reasonOf(error)}`;
    const Unavailable = trouble?.kind === "OOM" ? BrokerFullError : BrokerUnavailableError;
    return new Unavailable(`${this.#name} ${what}`, { cause: error });
  }

  #away(): Error {
    const trouble = this.#trouble ?? unreachable("the connection was closed", false);
    const Away = this.#refused(trouble) ? BrokerRefusedError : BrokerUnavailableError;
    return new Away(`${this.#name} ${trouble.what}`);
  }

  /** There is a connection, but what was asked was turned down, and may be for some time. */
  #turnedDown({ kind, what }: Trouble): void {
    this.#outage.tellOfCall(kind, what);
    // A master has become a replica: its name may lead to the new master by now.
    if (kind === "READONLY") this.#redis.disconnect(true);
  }

  #openListening(): Redis {
    const redis = this.#redis.duplicate();
    let before = false;
    redis.on("error", () => {}); // the other connection tells
    redis.on("message", (channel: string, message: string) => {
      this.listener.onMessage(channel, message);
    });
    redis.on("ready", () => {
      this.#deaf = false;
      if (before) this.#relisten(redis);
      before = true;
    });
    // Silence is normal here, so only an answer to a ping tells a quiet connection from a dead one.
    this.#pings = setInterval(() => {
      if (redis.status !== "ready") return;
      if (this.#deaf) redis.disconnect(true);
      else redis.ping().catch(() => {});
    }, PING_EVERY_MS);
    return redis;
  }

  /** After a lost connection: listen again first, then tell that something may have been missed. */
  async #relisten(redis: Redis): Promise<void> {
    try {
      if (this.#channels.size > 0) await redis.subscribe(...this.#channels);
      this.listener.onResubscribed();
    } catch (error) {
      log.debug(`Resubscribing: ${error}`);
      this.#deaf = true;
    }
  }
}

/** For what a Redis may refuse to tell. */
function noAnswer(error: unknown): string {
  if (replyError(error) === undefined) throw error;
  return "";
}
