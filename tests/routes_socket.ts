/** A client of the WebSocket routes, and a server for it to talk to. */

import { assert } from "@std/assert";
import type {
  ClientMessage,
  ServerMessage,
  Task,
  TaskEvent,
  Topic,
  TopicData,
} from "../jobs/wire.ts";
import type { TestApp } from "./routes_app.ts";
import { until } from "./until.ts";

/** Serves the app on a free port of the loopback address. */
export function serve({ app }: TestApp): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, app.fetch);
}

export class TestSocket implements AsyncDisposable {
  readonly messages: ServerMessage[] = [];
  /** How many messages came in each frame, of a socket that was opened for batches. */
  readonly batches: number[] = [];
  #opened = false;
  #closed: { code: number; reason: string } | undefined;

  private constructor(private readonly socket: WebSocket) {
    socket.onopen = () => this.#opened = true;
    socket.onmessage = ({ data }) => {
      const said: ServerMessage | ServerMessage[] = JSON.parse(data);
      if (Array.isArray(said)) this.batches.push(said.length);
      this.messages.push(...Array.isArray(said) ? said : [said]);
    };
    socket.onclose = ({ code, reason }) => this.#closed = { code, reason };
  }

  static open(server: Deno.HttpServer<Deno.NetAddr>, path: string): Promise<TestSocket> {
    return TestSocket.openAt(server.addr.port, path);
  }

  static async openAt(
    port: number,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<TestSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    const opened = new TestSocket(socket);
    await until(() => opened.#opened || opened.#closed !== undefined);
    assert(opened.#opened, `no socket at ${path}`);
    return opened;
  }

  get snapshots(): Task[] {
    return this.messages.flatMap((each) => each.type === "snapshot" ? [each.task] : []);
  }

  get events(): TaskEvent[] {
    return this.messages.flatMap((each) => each.type === "event" ? [each] : []);
  }

  /** The numbers of a task's events, in the order of their arrival. */
  seqs(id: string): number[] {
    return this.events.filter((event) => event.task_id === id).map((event) => event.seq);
  }

  /** What was told of a topic, in the order of its arrival. */
  topic<T extends Topic>(topic: T): TopicData[T][] {
    return this.messages.flatMap((each) =>
      each.type === "topic" && each.topic === topic ? [each.data as TopicData[T]] : []
    );
  }

  send(message: ClientMessage | string): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Waits for the first message of a type. */
  async first<T extends ServerMessage["type"]>(type: T): Promise<ServerMessage & { type: T }> {
    const isOfType = (each: ServerMessage): each is ServerMessage & { type: T } =>
      each.type === type;
    await until(() => this.messages.some(isOfType));
    const message = this.messages.find(isOfType);
    assert(message);
    return message;
  }

  /** Waits until the server has closed the socket. */
  async closed(): Promise<{ code: number; reason: string }> {
    await until(() => this.#closed !== undefined);
    assert(this.#closed);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await this.closed();
  }
}

/** 1, 2, 3 … up to `last`, beginning after `after`. */
export function numbers(last: number, after = 0): number[] {
  return Array.from({ length: last - after }, (_, i) => after + i + 1);
}
