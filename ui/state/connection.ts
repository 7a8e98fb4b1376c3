/** The link to the server: the socket that all parts of the state share, and what stands in its way. */

import { batch, signal } from "@preact/signals";
import type { ServerMessage, Topic } from "../../jobs/wire.ts";
import { ApiError, heardAt } from "../api.ts";
import { type Link, Live } from "../live.ts";

export const link = signal<Link>("connecting");
/** Why the API cannot do its work; null while it can. */
export const trouble = signal<string | null>(null);

/** One part of the state: what it wants of the socket, and what it does with the messages. */
export interface Part {
  tasks?(): Map<string, number>;
  topics?(): Topic[];
  receive(message: ServerMessage): void;
  /** Called each time the link is up, to ask for what the socket does not tell. */
  onOpen?(): void;
  /** Called each time that the link is lost, or did not come up. */
  onLost?(): void;
}

const parts: Part[] = [];

export function addPart(part: Part): void {
  parts.push(part);
}

const live = new Live({
  url: `${location.origin.replace(/^http/, "ws")}/ws?batch=true`,
  tasks: () => new Map(parts.flatMap((part) => [...part.tasks?.() ?? []])),
  topics: () => parts.flatMap((part) => part.topics?.() ?? []),
  onMessage: receive,
  onLink(state) {
    link.value = state;
    for (const part of parts) {
      if (state === "open") part.onOpen?.();
      else if (state === "lost") part.onLost?.();
    }
  },
});

let syncing = false;

/** Tells the server what is wanted now, once for all that one step of drawing has changed. */
export function syncSoon(): void {
  if (syncing) return;
  syncing = true;
  setTimeout(() => {
    syncing = false;
    live.sync();
  });
}

/** Messages that wait for the next frame: hundreds a second are drawn together. */
let waiting: ServerMessage[] = [];

const FRAME_MS = 16;
/** A page that nobody sees is not drawn, but keeps up. */
const HIDDEN_MS = 500;

function receive(message: ServerMessage): void {
  if (waiting.push(message) > 1) return;
  setTimeout(() => {
    const messages = waiting;
    waiting = [];
    batch(() => messages.forEach(pass));
  }, document.visibilityState === "visible" ? FRAME_MS : HIDDEN_MS);
}

function pass(message: ServerMessage): void {
  heardAt.value = Date.now();
  // What else the socket tells comes from the broker, so that one is there.
  trouble.value = message.type === "error" ? message.detail : null;
  for (const part of parts) part.receive(message);
}

/**
 * Asks for something in the background: what goes wrong there is trouble that is shown, not thrown.
 * @param onMissing is called where the server does not know what was asked for
 */
export async function attempt(
  action: () => Promise<void>,
  onMissing?: () => void,
): Promise<void> {
  try {
    await action();
    trouble.value = null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404 && onMissing) return onMissing();
    if (error.status === 401) return; // the login page comes up
    trouble.value = error.status === 503 ? "The server cannot reach its broker." : error.message;
    // The browser does not notice by itself that a server has gone silently.
    if (error.status === 0 && link.peek() === "open") live.connect();
  }
}

/** Opens the socket and keeps it open. */
export function connect(): void {
  live.connect();
}

/** Closes the socket, because who reads is not logged in. */
export function disconnect(): void {
  live.stop();
}

/** Comes back at once where the browser says that this may work again. */
export function startConnection(isWanted: () => boolean): void {
  addEventListener("online", () => isWanted() && live.connect());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || !isWanted()) return;
    if (link.peek() !== "open") live.connect();
    else for (const part of parts) part.onOpen?.();
  });
}
