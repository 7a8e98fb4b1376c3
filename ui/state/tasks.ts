/** What is known of tasks, kept true by the socket while a component shows them. */

import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ServerMessage, Task } from "../../jobs/wire.ts";
import { getEvents, getTask } from "../api/tasks.ts";
import { addHistory, apply, type Known, lastSeq, NOTHING, refresh } from "../store.ts";
import { addPart, attempt, syncSoon } from "./connection.ts";

/**
 * How much of a task is wanted: its state as its events tell it, also what events do not carry (the
 * result, the stack), or also all of its events from the first on.
 */
export type Depth = "state" | "task" | "events";

/** Entries that nobody follows are kept up to this many, so that the way back shows them at once. */
const MAX_KEPT = 200;

const entries = new Map<string, Signal<Known>>();
/** Who follows each task, and how deeply. */
const followers = new Map<string, Depth[]>();

/** What is known of a task; a component that reads it is drawn again when that changes. */
export function known(id: string): Signal<Known> {
  let entry = entries.get(id);
  if (!entry) entries.set(id, entry = signal(NOTHING));
  return entry;
}

/** What is known of a task, which is followed while the component is shown. */
export function useTask(id: string, depth: Depth = "task"): Known {
  useEffect(() => follow(id, depth), [id, depth]);
  return known(id).value;
}

/** Follows a task until what is returned is called. */
export function follow(id: string, depth: Depth): () => void {
  known(id);
  followers.set(id, [...followers.get(id) ?? [], depth]);
  syncSoon();
  void fill(id);
  return () => {
    const left = [...followers.get(id) ?? []];
    left.splice(left.indexOf(depth), 1);
    if (left.length > 0) followers.set(id, left);
    else followers.delete(id);
    forgetOldest();
    syncSoon();
  };
}

/** Takes in a task that the API has answered with. */
export function learn(task: Task): void {
  const entry = known(task.task_id);
  entry.value = refresh(entry.peek(), task);
}

/** Takes in that the server does not know a task. */
export function learnMissing(id: string): void {
  receive({ type: "unknown", task_id: id });
}

addPart({
  tasks: () => new Map([...followers.keys()].map((id) => [id, lastSeq(known(id).peek())])),
  receive,
});

function receive(message: ServerMessage): void {
  if (message.type === "error" || message.type === "topic") return;
  const id = message.type === "snapshot" ? message.task.task_id : message.task_id;
  const entry = entries.get(id);
  if (!entry) return; // it has left the screen meanwhile
  entry.value = apply(entry.peek(), message);
  void fill(id);
}

const filling = new Set<string>();

/** Milliseconds until what could not be had, or has changed all the time, is asked for again. */
const AGAIN_MS = 1500;

/** Asks for what events do not carry, and for the events before those that the socket has sent. */
async function fill(id: string): Promise<void> {
  if (filling.has(id)) return;
  filling.add(id);
  await null; // the messages of one frame are taken in together: this looks behind the last of them
  let isMore = true;
  // What arrives during a request can leave something to ask for again.
  for (let round = 0; isMore && round < 3; round++) {
    let failed = true;
    await attempt(async () => {
      isMore = await fillOnce(id);
      failed = false;
    }, () => {
      learnMissing(id);
      isMore = false;
    });
    if (failed) break;
  }
  filling.delete(id);
  if (isMore && followers.has(id)) setTimeout(() => void fill(id), AGAIN_MS);
}

/** Answers whether there was anything to ask for. */
async function fillOnce(id: string): Promise<boolean> {
  const depths = followers.get(id) ?? [];
  const entry = known(id);
  const { stale, missing, completeTo } = entry.peek();
  const upTo = lastSeq(entry.peek());
  const isStale = stale && depths.some((depth) => depth !== "state");
  const isIncomplete = depths.includes("events") && !missing && completeTo < upTo;
  if (isStale) learn(await getTask(id));
  if (isIncomplete) {
    const { events } = await getEvents(id, completeTo);
    entry.value = addHistory(entry.peek(), events, upTo);
  }
  return isStale || isIncomplete;
}

function forgetOldest(): void {
  const idle = [...entries.keys()].filter((id) => !followers.has(id));
  for (const id of idle.slice(0, Math.max(0, idle.length - MAX_KEPT))) entries.delete(id);
}
