/**
 * Many WebSockets in one process, which counts what arrives on each, and has the next events published
 * when every socket has got the earlier ones. Takes an `Order` as its argument. Prints "connected", goes
 * on when it reads a line, and prints what it `Counted`.
 *
 * It speaks WebSocket itself, on plain TCP, because the client must not be what limits the server.
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Publishing, startPublisher } from "./publisher.ts";

export interface Order {
  /** Of the server, on 127.0.0.1. */
  port: number;
  path: string;
  sockets: number;
  /** So many events may be on their way. */
  window: number;
  warmupMs: number;
  forMs: number;
  publishing: Publishing;
}

export interface Counted {
  /** Events that reached every socket, and in which time. */
  broadcasts: number;
  ms: number;
  /** Events that did not arrive on a socket, or not as the next one of their task, on all sockets. */
  lost: number;
  /** Share of a core that this process needed. */
  cpu: number;
}

const CONNECTING = 100;
/** For what is on its way when no more is published. */
const PATIENCE_MS = 20_000;

/**
 * A socket is read so often. Reading each event as it comes would cost the client more than it costs the
 * server to send it, and both share the machine.
 */
const READ_EVERY_MS = 5;
/** Room for an event, with what surrounds it. */
const EVENT_BYTES = 512;
const MAX_BUFFER = 64 * 1024;
const MAX_KNOWN = 100;
const END_BYTES = 100;

const TEXT = 1, CLOSE = 8, PING = 9, PONG = 10;
const SEQ = '"seq":';
const ID = '"task_id":"';

/** The number of an event, and the place of its task. */
interface Event {
  place: number;
  seq: number;
}

/** What all sockets have got. */
class Tally {
  /** By length and end: many sockets are sent the very same bytes, which are looked through once. */
  readonly #known = new Map<string, { message: Buffer; events: Event[] }>();
  /** How many sockets have got so many events. */
  readonly #reached = new Map<number, number>();
  /** Each task has a place in the lists of all sockets. */
  readonly places: Map<string, number>;
  /** Events that every socket has got. */
  complete = 0;
  outOfOrder = 0;
  received = 0;
  onComplete = () => {};

  constructor(readonly sockets: number, readonly before: Map<string, number>) {
    this.places = new Map([...before.keys()].map((id, place) => [id, place]));
  }

  /** All events in a message, however many it holds. */
  eventsIn(message: Buffer): Event[] {
    const key = message.length + message.toString("latin1", message.length - END_BYTES);
    const known = this.#known.get(key);
    if (known?.message.equals(message)) return known.events;
    if (this.#known.size === MAX_KNOWN) this.#known.clear();
    const events = this.#parse(message.toString("latin1"));
    this.#known.set(key, { message: Buffer.from(message), events });
    return events;
  }

  #parse(text: string): Event[] {
    const events: Event[] = [];
    for (let at = text.indexOf(SEQ); at >= 0; at = text.indexOf(SEQ, at + SEQ.length)) {
      const seq = parseInt(text.slice(at + SEQ.length, at + 16));
      const id = text.indexOf(ID, at) + ID.length;
      const place = this.places.get(text.slice(id, id + 36));
      if (place !== undefined) events.push({ place, seq }); // else of another task
    }
    return events;
  }

  /** A socket has got its nth event. */
  count(nth: number): void {
    this.received++;
    const sockets = (this.#reached.get(nth) ?? 0) + 1;
    if (sockets < this.sockets) return void this.#reached.set(nth, sockets);
    this.#reached.delete(nth);
    this.complete = nth;
    this.onComplete();
  }
}

/** One client: cuts what arrives into messages, and looks whether events follow each other. */
class Client {
  /** By the place of the task, the number of its last event. */
  readonly #last: Uint32Array;
  #events = 0;
  /** The beginning of a message of which the rest has not come. */
  #rest = Buffer.alloc(0);

  constructor(private readonly connection: Deno.TcpConn, private readonly tally: Tally) {
    this.#last = Uint32Array.from(tally.before.values());
  }

  /**
   * Reads until the server ends it.
   * @param pause awaited between two reads
   */
  async read(size: number, pause: () => Promise<void>): Promise<never> {
    const buffer = Buffer.alloc(size);
    while (true) {
      const read = await this.connection.read(buffer);
      if (read === null) throw new Error("the server closed a socket");
      this.#receive(buffer.subarray(0, read));
      await pause();
    }
  }

  #receive(chunk: Buffer): void {
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    while (at + 2 <= data.length) {
      const short = (data[at + 1] ?? 0) & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (at + head > data.length) break;
      const length = short < 126
        ? short
        : short === 126
        ? data.readUInt16BE(at + 2)
        : Number(data.readBigUInt64BE(at + 2));
      const end = at + head + length;
      if (end > data.length) break;
      this.#message((data[at] ?? 0) & 15, data, at + head, end);
      at = end;
    }
    this.#rest = Buffer.from(data.subarray(at));
  }

  #message(kind: number, data: Buffer, from: number, to: number): void {
    if (kind === TEXT) this.#count(this.tally.eventsIn(data.subarray(from, to)));
    else if (kind === PING) this.connection.write(pong(data.subarray(from, to)));
    else if (kind === CLOSE) throw new Error(`closed: ${data.toString("utf8", from + 2, to)}`);
  }

  #count(events: Event[]): void {
    for (const { place, seq } of events) {
      if (seq !== (this.#last[place] ?? 0) + 1) this.tally.outOfOrder++;
      this.#last[place] = seq;
      this.tally.count(++this.#events);
    }
  }
}

function pong(payload: Uint8Array): Buffer {
  // Masked with zeros, which leaves the payload as it is.
  return Buffer.concat([Buffer.from([128 | PONG, 128 | payload.length, 0, 0, 0, 0]), payload]);
}

/** Opens a WebSocket; its answer is read to the last byte, since events follow. */
async function open({ port, path }: Order, tally: Tally): Promise<Client> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ];
  await connection.write(Buffer.from(`${request.join("\r\n")}\r\n\r\n`));
  let head = "";
  const byte = new Uint8Array(1);
  while (!head.endsWith("\r\n\r\n")) {
    if (await connection.read(byte) === null) throw new Error(`no WebSocket: ${head}`);
    head += String.fromCharCode(byte[0] ?? 0);
  }
  if (!head.startsWith("HTTP/1.1 101")) throw new Error(`no WebSocket: ${head}`);
  return new Client(connection, tally);
}

async function run(order: Order): Promise<Counted> {
  await using publisher = await startPublisher(order.publishing);
  const tally = new Tally(order.sockets, publisher.tasks);
  const clients: Client[] = [];
  while (clients.length < order.sockets) {
    const many = Math.min(CONNECTING, order.sockets - clients.length);
    clients.push(...await Promise.all(Array.from({ length: many }, () => open(order, tally))));
  }
  console.log("connected");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdin.pause();

  let published = 0;
  let publishing = false;
  let going = true;
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  const size = Math.min(MAX_BUFFER, order.window * EVENT_BYTES);
  const pause = ticks(READ_EVERY_MS);
  for (const client of clients) client.read(size, pause).catch(fail);
  const publish = async () => {
    if (publishing) return;
    publishing = true;
    try {
      for (let room; going && (room = order.window - published + tally.complete) > 0;) {
        published += room;
        await publisher.publish(room);
      }
    } catch (error) {
      fail(error);
    }
    publishing = false;
  };
  tally.onComplete = publish;
  publish();
  await Promise.race([sleep(order.warmupMs), failed]);
  const [before, cpuBefore, started] = [tally.complete, process.cpuUsage(), performance.now()];
  await Promise.race([sleep(order.forMs), failed]);
  const ms = performance.now() - started;
  const broadcasts = tally.complete - before;
  const { user, system } = process.cpuUsage(cpuBefore);
  going = false;
  for (let waited = 0; waited < PATIENCE_MS && tally.complete < published; waited += 20) {
    await sleep(20);
  }
  const missing = published * order.sockets - tally.received;
  return { broadcasts, ms, lost: missing + tally.outOfOrder, cpu: (user + system) / 1000 / ms };
}

/** Has all that wait go on together, every so many ms. */
function ticks(ms: number): () => Promise<void> {
  let next = Promise.withResolvers<void>();
  setInterval(() => {
    next.resolve();
    next = Promise.withResolvers();
  }, ms);
  return () => next.promise;
}

if (import.meta.main) {
  console.log(JSON.stringify(await run(JSON.parse(Deno.args[0] ?? "{}"))));
  Deno.exit(0); // thousands of sockets need not be closed one by one
}
