/** Asking Redis Sentinel where the master is. */

import { Redis } from "ioredis";
import { connectorTo, end } from "./connector.ts";
import { replyError } from "./scripts.ts";
import type { TlsOptions } from "./tls.ts";
import { fromSentinel, fromTls, reasonOf, TroubleError } from "./trouble.ts";
import type { Login, Place } from "./url.ts";

/** A sentinel that has not answered by then is left out. */
const TIMEOUT_MS = 1000;
const CONNECT_AGAIN_MS = 300;

interface Answer extends Place {
  /** Counts the failovers: the highest is the latest word. */
  epoch: number;
}

export class Sentinels {
  readonly #clients: Redis[];
  /** The last of each, which says more than what its calls fail with. */
  readonly #errors = new Map<Redis, Error>();
  #asking: Promise<Place> | undefined;
  #closing = false;

  /** Connects when it is first asked. */
  constructor(
    places: Place[],
    login: Login,
    private readonly name: string,
    tls: () => TlsOptions | undefined,
  ) {
    this.#clients = places.map((place) => {
      const client = new Redis({
        ...login,
        ...tls() && { tls: {} },
        Connector: connectorTo(() => place, tls),
        protocol: 2,
        lazyConnect: true,
        commandTimeout: TIMEOUT_MS,
        socketTimeout: TIMEOUT_MS,
        connectTimeout: TIMEOUT_MS,
        disconnectTimeout: 200,
        maxRetriesPerRequest: 0,
        enableReadyCheck: false,
        disableClientInfo: true,
        retryStrategy: () => this.#closing ? null : CONNECT_AGAIN_MS,
      });
      client.on("error", (error: Error) => this.#errors.set(client, error));
      return client;
    });
  }

  /**
   * Asks all of them at once; whoever asks meanwhile gets the same answer. Where they differ, the one
   * that knows of the latest failover is right.
   * @throws {TroubleError} what they answer says that asking again does not help
   * @throws {Error} none answers
   */
  master(): Promise<Place> {
    return this.#asking ??= this.#ask().finally(() => this.#asking = undefined);
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#clients.map(end));
  }

  async #ask(): Promise<Place> {
    const results = await Promise.allSettled(this.#clients.map((client) => this.#askOne(client)));
    const answers = results.flatMap((result) =>
      result.status === "fulfilled" ? [result.value] : []
    );
    const [latest] = answers.sort((a, b) => b.epoch - a.epoch);
    if (latest) return { host: latest.host, port: latest.port };
    const errors = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
    for (const error of errors) {
      const trouble = fromSentinel(replyError(error) ?? "", this.name) ?? fromTls(error);
      if (trouble) throw new TroubleError(trouble);
    }
    throw new Error(`no sentinel answers: ${reasonOf(errors[0])}`);
  }

  async #askOne(client: Redis): Promise<Answer> {
    const [place, info] = await Promise.all([
      client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.name),
      client.call("SENTINEL", "MASTER", this.name),
    ]).catch((error) => {
      throw replyError(error) === undefined ? this.#errors.get(client) ?? error : error;
    });
    const [host = "", port] = place as string[];
    const fields = info as string[];
    const epoch = Number(fields[fields.indexOf("config-epoch") + 1]);
    return { host, port: Number(port), epoch };
  }
}
