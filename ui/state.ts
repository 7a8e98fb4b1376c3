/** The state that the components show, and what changes it. */

import { batch, computed, effect, type Signal, signal } from "@preact/signals";
import {
  isReady,
  type QueueInfo,
  type ServerMessage,
  type Task,
  type TaskType,
  type WorkerInfo,
} from "../jobs/wire.ts";
import * as api from "./api.ts";
import { ApiError, type TaskFilter } from "./api.ts";
import { type Link, Live } from "./live.ts";
import {
  addHistory,
  addPage,
  apply,
  EMPTY_LISTING,
  type Known,
  lastSeq,
  type Listing,
  NOTHING,
  refresh,
  renewFirstPage,
} from "./store.ts";

/** Milliseconds between looks at what the socket does not tell: new tasks, workers, queues. */
const POLL_EVERY = 2500;
const WATCHED_KEY = "taskapp.watched";

export const link = signal<Link>("connecting");
/** Why the API cannot do its work; null while it can. */
export const trouble = signal<string | null>(null);
/** What an action has to say; goes away by itself. */
export const notice = signal<string | null>(null);
export const taskTypes = signal<TaskType[] | null>(null);
export const workers = signal<WorkerInfo[] | null>(null);
export const queues = signal<QueueInfo[]>([]);
export const filter = signal<TaskFilter>({ state: "", name: "" });
/** Null until the server has answered. */
export const listing = signal<Listing | null>(null);
/** The ids that the reader watches, latest first; kept in the browser. */
export const watched = signal<string[]>(loadWatched());
/** The id of the task that is open, by the address. */
export const openId = signal<string | null>(idInAddress());
/** The present time, for what shows an age. */
export const now = signal(Date.now());

const tasks = new Map<string, Signal<Known>>();

/** What is known of a task; a component that reads it is drawn again when that changes. */
export function known(id: string): Signal<Known> {
  let entry = tasks.get(id);
  if (!entry) tasks.set(id, entry = signal(NOTHING));
  return entry;
}

/** The tasks that are shown large: their results and errors are wanted, too. */
const shown = computed(() => new Set([...watched.value, ...(openId.value ? [openId.value] : [])]));

/** The tasks whose events are wanted: those shown large, and the listed ones that can change. */
const followed = computed(() => {
  const running = (listing.value?.ids ?? []).filter((id) => {
    const { task } = known(id).value;
    return task && !isReady(task.status);
  });
  return new Set([...shown.value, ...running]);
});

const live = new Live({
  url: `${location.origin.replace(/^http/, "ws")}/ws`,
  wanted: () => new Map([...followed.peek()].map((id) => [id, lastSeq(known(id).peek())])),
  onMessage: receive,
  onLink(state) {
    link.value = state;
    if (state === "open") void poll();
  },
});

/** Starts what keeps the state true: the socket, the polls, the clock. */
export function start(): void {
  addEventListener("hashchange", () => openId.value = idInAddress());
  addEventListener("online", () => live.connect());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    if (link.peek() !== "open") live.connect();
    void poll();
  });
  effect(() => {
    followed.value;
    live.sync();
  });
  effect(() => {
    for (const id of shown.value) known(id).value;
    void fill();
  });
  effect(() => {
    filter.value;
    listing.value = null;
    void poll();
  });
  effect(() => saveWatched(watched.value));
  setInterval(() => now.value = Date.now(), 1000);
  setInterval(() => document.visibilityState === "visible" && void poll(), POLL_EVERY);
  live.connect();
}

export function watch(id: string): void {
  if (!watched.value.includes(id)) watched.value = [id, ...watched.value];
}

export function unwatch(id: string): void {
  watched.value = watched.value.filter((other) => other !== id);
}

/** Starts a task and watches it. */
export async function startAndWatch(task: api.NewTask): Promise<void> {
  const { task_id } = await api.startTask(task);
  watch(task_id);
  void poll();
}

export function cancel(id: string): Promise<void> {
  return act(id, async () => {
    await api.revokeTask(id);
    learn(await api.getTask(id));
  });
}

export function retry(id: string): Promise<void> {
  return act(id, async () => {
    await api.retryTask(id);
    learn(await api.getTask(id));
  });
}

/** Deletes an ended task and leaves its page. */
export function forget(id: string): Promise<void> {
  return act(id, async () => {
    await api.deleteTask(id);
    unwatch(id);
    if (openId.value === id) location.hash = "";
  });
}

export async function loadMore(): Promise<void> {
  const cursor = listing.value?.cursor;
  if (!cursor) return;
  await attempt(async () => {
    const page = await api.listTasks(filter.value, cursor);
    if (listing.value?.cursor !== cursor) return;
    batch(() => {
      for (const task of page.tasks) learn(task);
      const ids = page.tasks.map((task) => task.task_id);
      listing.value = addPage(listing.value ?? EMPTY_LISTING, ids, page.cursor);
    });
  });
}

let noticeTimer: ReturnType<typeof setTimeout> | undefined;

/** Says something for a few seconds. */
export function say(text: string): void {
  notice.value = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => notice.value = null, 6000);
}

function receive(message: ServerMessage): void {
  if (message.type === "error") {
    // The banner says already what the socket would say every second.
    if (trouble.peek() === null) say(message.detail);
    return;
  }
  if (message.type === "topic") return;
  const id = message.type === "snapshot" ? message.task.task_id : message.task_id;
  // An event of a task that has left the screen meanwhile.
  if (message.type === "event" && !tasks.has(id)) return;
  const entry = known(id);
  entry.value = apply(entry.peek(), message);
}

/** Takes in a task that the API has answered with. */
function learn(task: Task): void {
  const entry = known(task.task_id);
  entry.value = refresh(entry.peek(), task);
}

let polling = false;

/** Reads what the socket does not tell. */
async function poll(): Promise<void> {
  if (polling) return;
  polling = true;
  const asked = filter.peek();
  await attempt(async () => {
    taskTypes.value ??= (await api.listTaskTypes()).task_types;
    const [page, workerList, queueList] = await Promise.all([
      api.listTasks(asked, null),
      api.listWorkers(),
      api.listQueues(),
    ]);
    batch(() => {
      workers.value = workerList.workers;
      queues.value = queueList.queues;
      if (asked !== filter.peek()) return;
      for (const task of page.tasks) learn(task);
      const ids = page.tasks.map((task) => task.task_id);
      listing.value = renewFirstPage(listing.peek() ?? EMPTY_LISTING, ids, page.cursor);
    });
    forgetUnseen();
    await fill();
  });
  polling = false;
  if (asked !== filter.peek()) await poll();
}

/** Lets go of tasks that are not on the screen any more. */
function forgetUnseen(): void {
  const seen = new Set([...shown.peek(), ...(listing.peek()?.ids ?? [])]);
  for (const id of tasks.keys()) if (!seen.has(id)) tasks.delete(id);
}

const filling = new Set<string>();

/** Asks for what events do not carry, and for the events before those that the socket has sent. */
async function fill(): Promise<void> {
  const ids = [...shown.peek()].filter((id) => !filling.has(id));
  await Promise.all(ids.map(async (id) => {
    filling.add(id);
    await attempt(async () => {
      // What arrives during a request can leave something to ask for again.
      for (let round = 0; round < 3; round++) {
        if (!await fillOnce(known(id), id)) break;
      }
    }, id);
    filling.delete(id);
  }));
}

/** Answers whether there was anything to ask for. */
async function fillOnce(entry: Signal<Known>, id: string): Promise<boolean> {
  const { stale, missing, completeTo } = entry.peek();
  const upTo = lastSeq(entry.peek());
  if (stale) learn(await api.getTask(id));
  // Only the page of one task shows its events.
  const incomplete = id === openId.peek() && !missing && completeTo < upTo;
  if (incomplete) {
    const { events } = await api.getEvents(id, completeTo);
    entry.value = addHistory(entry.peek(), events, upTo);
  }
  return stale || incomplete;
}

async function act(id: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      receive({ type: "unknown", task_id: id });
    } else {
      say(error instanceof Error ? error.message : String(error));
    }
  }
  void poll();
}

/** Does something in the background: what goes wrong there is trouble that is shown, not thrown. */
async function attempt(action: () => Promise<void>, id?: string): Promise<void> {
  try {
    await action();
    trouble.value = null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404 && id) return receive({ type: "unknown", task_id: id });
    trouble.value = error.status === 503 ? "The server cannot reach its broker." : error.message;
    // The browser does not notice by itself that a server has gone silently.
    if (error.status === 0 && link.peek() === "open") live.connect();
  }
}

function idInAddress(): string | null {
  const id = /^#\/tasks\/(.{1,128})$/.exec(location.hash)?.[1];
  if (!id) return null;
  try {
    return decodeURIComponent(id);
  } catch {
    return null; // not an address that this page made
  }
}

function loadWatched(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(WATCHED_KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

function saveWatched(ids: string[]): void {
  try {
    localStorage.setItem(WATCHED_KEY, JSON.stringify(ids));
  } catch {
    // A browser that stores nothing: the list lasts as long as the page.
  }
}
