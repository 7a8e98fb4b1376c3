/** What a broker sends to its Redis: kept, and sent again as fast as Redis takes it. */

import { Buffer } from "node:buffer";

/** Stands between a broker and its Redis. */
export class Recorder implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections: Deno.TcpConn[] = [];
  readonly #accepting: Promise<void>;
  #kept: Uint8Array[] = [];

  /** @param port of the Redis */
  constructor(port: number) {
    this.#accepting = this.#accept(port);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** All that was sent since this was last called. */
  take(): Buffer {
    const all = Buffer.concat(this.#kept);
    this.#kept = [];
    return all;
  }

  async #accept(port: number): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      this.#connections.push(client, server);
      const keep = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          this.#kept.push(chunk);
          controller.enqueue(chunk);
        },
      });
      client.readable.pipeThrough(keep).pipeTo(server.writable).catch(() => {});
      server.readable.pipeTo(client.writable).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) {
      try {
        connection.close();
      } catch {
        // It has ended with its stream.
      }
    }
  }
}

const LAST = "last";

/**
 * Sends what was recorded in one go, without waiting for answers, and reads them meanwhile.
 * @returns ms until the last answer
 * @throws {Error} Redis answered with an error
 */
export async function replay(port: number, recorded: Buffer): Promise<number> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const started = performance.now();
  const writing = write(connection, Buffer.concat([recorded, Buffer.from(`ECHO ${LAST}\r\n`)]));
  const buffer = Buffer.alloc(1024 * 1024);
  for (let end = ""; !end.endsWith(`$${LAST.length}\r\n${LAST}\r\n`);) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error("Redis closed the connection");
    const text = buffer.toString("latin1", 0, read);
    const error = /(?:^|\r\n)-([A-Z]+ .*)/.exec(text);
    if (error) throw new Error(`Redis answered: ${error[1]}`);
    end = (end + text).slice(-20);
  }
  const ms = performance.now() - started;
  await writing;
  connection.close();
  return ms;
}

async function write(connection: Deno.TcpConn, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) at += await connection.write(data.subarray(at));
}
