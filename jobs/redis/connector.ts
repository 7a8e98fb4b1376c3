/** How ioredis gets its sockets: from wherever the Redis is at that moment, with TLS or without. */

import { connect as connectTcp, Socket } from "node:net";
import process from "node:process";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, type Redis, type RedisOptions } from "ioredis";
import type { TlsOptions } from "./tls.ts";
import type { Place } from "./url.ts";

/**
 * Makes the connector for a place that is looked up for each connection.
 * @param find answers where to connect to; what it throws is the connection's error
 * @param tls answers what to use for TLS; undefined for a connection in the clear
 * @param lookEveryMs while connected, looks the place up so often, and closes if it is another
 */
export function connectorTo(
  find: () => Place | Promise<Place>,
  tls: () => TlsOptions | undefined,
  lookEveryMs?: number,
): NonNullable<RedisOptions["Connector"]> {
  return class extends AbstractConnector {
    constructor(options: unknown) {
      super((options as RedisOptions).disconnectTimeout ?? 0);
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      const socket = await this.#open().catch((error) => {
        this.firstError = error;
        // ioredis would take a rejection for the end, and a closed socket for a reason to try again.
        return new Socket().destroy();
      });
      // In Deno a socket may tell of more than one error, and ioredis listens once.
      socket.on("error", () => {});
      if (!this.connecting) socket.destroy(); // it was told to disconnect meanwhile
      return this.stream = socket;
    }

    async #open(): Promise<Socket> {
      const place = await find();
      const options = tls();
      const socket = options ? connectTls({ ...place, ...options }) : connectTcp(place);
      if (lookEveryMs !== undefined) leaveIfMoved(socket, place, find, lookEveryMs);
      return socket;
    }
  };
}

function leaveIfMoved(
  socket: Socket,
  place: Place,
  find: () => Place | Promise<Place>,
  everyMs: number,
): void {
  const timer = setInterval(async () => {
    try {
      const { host, port } = await find();
      if (host === place.host && port === place.port) return;
      socket.destroy(new Error(`it is at ${host}:${port} now`));
    } catch {
      // Nobody knows better, so it stays.
    }
  }, everyMs);
  socket.once("close", () => clearInterval(timer));
}

/** Resolves when the connection has ended. */
export function end(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    if (redis.status === "end" || redis.status === "wait") return resolve();
    redis.once("end", () => resolve());
    // Only an attempt can be ended, not the wait for the next one.
    if (redis.status === "reconnecting") redis.connect().catch(() => {});
    process.nextTick(() => redis.disconnect());
  });
}
