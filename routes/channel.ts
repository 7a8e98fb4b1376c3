/** What is sent on one socket: a message in each frame, or, to those who ask for it, several. */

import type { ServerMessage } from "../jobs/wire.ts";
import type { SharedBatch } from "./hub.ts";
import type { Pulse } from "./pulse.ts";

export interface Channel {
  send(message: ServerMessage): void;
  /** @param text a message in JSON */
  sendText(text: string): void;
  /** Events that all are told; undefined where each has to be told by itself. */
  sendAll: ((batch: SharedBatch) => void) | undefined;
  /** Bytes that the client has not taken yet. */
  buffered(): number;
  close(code: number, reason: string): void;
}

/** One message in each frame. */
export class Single implements Channel {
  readonly sendAll = undefined;

  constructor(private readonly socket: WebSocket) {}

  send(message: ServerMessage): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  buffered(): number {
    return this.socket.bufferedAmount;
  }

  close(code: number, reason: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.close(code, reason);
  }
}

/** An array of messages in each frame: a frame costs far more than a message. */
export class Batched implements Channel {
  #messages: string[] = [];
  #size = 0;

  constructor(private readonly socket: WebSocket, private readonly pulse: Pulse) {}

  send(message: ServerMessage): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.#messages.push(text);
    this.#size += text.length;
    if (this.#messages.length === 1) this.pulse.ask(() => this.#flush());
  }

  sendAll(batch: SharedBatch): void {
    this.#flush();
    this.#sendFrame(batch.json);
  }

  buffered(): number {
    return this.socket.bufferedAmount + this.#size;
  }

  close(code: number, reason: string): void {
    this.#flush();
    if (this.socket.readyState === WebSocket.OPEN) this.socket.close(code, reason);
  }

  #flush(): void {
    if (this.#messages.length === 0) return;
    const frame = `[${this.#messages.join()}]`;
    this.#messages = [];
    this.#size = 0;
    this.#sendFrame(frame);
  }

  #sendFrame(frame: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(frame);
  }
}
