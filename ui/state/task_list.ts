/** The list of tasks: pages of it as the reader goes down, and what happens to those on the screen. */

import { batch, type Signal, signal } from "@preact/signals";
import { isReady, type ServerMessage, type TaskSummary } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { listTasks } from "../api/tasks.ts";
import type { TaskFilter } from "../query.ts";
import {
  afterEvent,
  type Listed,
  listOf,
  newIn,
  shortened,
  summaryOf,
  withHead,
  withPage,
} from "../rows.ts";
import { addPart, attempt, syncSoon } from "./connection.ts";

/** A row; `gone` when the server does not keep its task any more. */
export type Row = TaskSummary & { gone?: true };

/** Milliseconds between looks for new tasks. */
const POLL_MS = 2500;
const HEAD_SIZE = 100;
const PAGE_SIZE = 500;
/** More rows than anybody reads: then the search has to be narrower. */
export const MAX_ROWS = 20_000;
/** While new tasks come in front, no more are kept behind; they are loaded again on the way down. */
const MAX_GROWN = 10_000;
/** Rows that are kept although they are not in the list. */
const MAX_OTHERS = 1000;
/** Requests in a row that may find nothing before the reader is asked whether to go on. */
const MAX_EMPTY = 20;

/** Null until the server has answered. */
export const listed = signal<Listed | null>(null);
/** Why the search cannot be done, in the server's words. */
export const refusal = signal("");
/** How many have come to the front since; "100+" where it is more than one look shows. */
export const fresh = signal<{ count: number; more: boolean }>({ count: 0, more: false });
export const isSearching = signal(false);
/** The list is of an earlier search, until there is an answer to this one. */
export const isAnew = signal(false);

const rows = new Map<string, Signal<Row>>();
const shown = new Set<string>();

let filter: TaskFilter = {};
let key = "";
/** Counts the lists that were begun: what was asked for an earlier one is of no use. */
let begun = 0;
/** Whether new tasks may come in front now, because the reader looks at the top. */
let mayGrow = () => true;
let isWatched = false;

/** What is known of a task of the list. */
export function row(id: string): Signal<Row> | undefined {
  return rows.get(id);
}

/**
 * Shows what fits a filter; a list that is there already is kept and goes on.
 * @param name tells filters apart: the same search again has the same
 */
export function openList(name: string, wanted: TaskFilter): void {
  filter = wanted;
  if (name === key && listed.peek() && !isAnew.peek()) return void look();
  key = name;
  void begin();
}

/** Keeps the list true until what is returned is called. */
export function watchList(isAtTop: () => boolean): () => void {
  mayGrow = isAtTop;
  isWatched = true;
  const timer = setInterval(
    () => document.visibilityState === "visible" && void look(),
    POLL_MS,
  );
  return () => {
    isWatched = false;
    clearInterval(timer);
  };
}

/** Begins anew from the top; what is there is shown until there is an answer. */
export async function begin(): Promise<void> {
  begun++;
  batch(() => {
    isAnew.value = true;
    refusal.value = "";
    fresh.value = { count: 0, more: false };
  });
  await more();
}

/** Goes on where the list ends; where much was looked at and nothing found, until something is. */
export async function more(): Promise<void> {
  if (isSearching.peek()) return;
  isSearching.value = true;
  const asked = begun;
  for (let empty = 0; empty < MAX_EMPTY; empty++) {
    const list = isAnew.peek() ? null : listed.peek();
    if (list && (list.cursor === null || list.ids.length >= MAX_ROWS)) break;
    const page = await ask(list ? PAGE_SIZE : HEAD_SIZE, list?.cursor ?? null);
    if (!page || asked !== begun || (list && listed.peek()?.cursor !== list.cursor)) break;
    batch(() => {
      isAnew.value = false;
      listed.value = list ? withPage(list, page) : page;
    });
    if (page.ids.length > 0) break;
  }
  isSearching.value = false;
  if (asked !== begun) await more();
}

/** Puts in front what is new there. */
export function showNew(): Promise<void> {
  return look(true);
}

let looking = false;

/** Looks at the top of the list. */
async function look(show = mayGrow()): Promise<void> {
  const list = listed.peek();
  if (list === null || isAnew.peek()) {
    // It could not be had when it was asked for.
    if (refusal.peek() === "") await more();
    return;
  }
  if (looking) return;
  looking = true;
  const asked = begun;
  const page = await ask(HEAD_SIZE, null);
  looking = false;
  const now = listed.peek();
  if (!page || asked !== begun || !now) return;
  const added = newIn(now, page);
  batch(() => {
    fresh.value = show
      ? { count: 0, more: false }
      : { count: added.length, more: added.length >= HEAD_SIZE };
    if (!show) return;
    const next = withHead(now, page, HEAD_SIZE);
    if (next.ids.length !== now.ids.length || next.ids.some((id, at) => id !== now.ids[at])) {
      listed.value = shortened(next, MAX_GROWN);
    }
  });
  forgetOthers();
}

/** Lets go of rows that have left the list. */
function forgetOthers(): void {
  const ids = listed.peek()?.ids ?? [];
  if (rows.size < ids.length + MAX_OTHERS) return;
  const kept = new Set([...ids, ...shown]);
  for (const id of rows.keys()) if (!kept.has(id)) rows.delete(id);
}

/** One page, whose rows are known afterwards; null where there is no answer. */
async function ask(size: number, cursor: string | null): Promise<Listed | null> {
  let page: Listed | null = null;
  await attempt(async () => {
    try {
      const answer = await listTasks(filter, size, cursor);
      learn(answer.tasks);
      page = listOf(answer.tasks.map(({ task_id }) => task_id), answer.cursor, answer.looked);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 422) throw error;
      refusal.value = error.message;
    }
  });
  return page;
}

/** Takes in rows as the server has them; events may have overtaken the answer. */
function learn(tasks: TaskSummary[]): void {
  batch(() => {
    for (const task of tasks) {
      const known = rows.get(task.task_id);
      if (!known) rows.set(task.task_id, signal(task));
      else if (task.events >= known.peek().events) known.value = task;
    }
  });
  syncSoon();
}

/** Follows a task while its row is on the screen. */
export function showRow(id: string): () => void {
  shown.add(id);
  syncSoon();
  return () => {
    shown.delete(id);
    syncSoon();
  };
}

addPart({
  tasks: () =>
    new Map(
      [...shown].flatMap((id) => {
        const task = rows.get(id)?.peek();
        return task && !isReady(task.status) ? [[id, task.events]] : [];
      }),
    ),
  receive,
  onOpen: () => void (isWatched && look()),
});

function receive(message: ServerMessage): void {
  if (message.type === "error" || message.type === "topic") return;
  const id = message.type === "snapshot" ? message.task.task_id : message.task_id;
  const known = rows.get(id);
  if (!known) return;
  const before = known.peek();
  if (message.type === "unknown") known.value = { ...before, gone: true };
  else if (message.type === "event") known.value = afterEvent(before, message);
  else if (message.task.events >= before.events) known.value = summaryOf(message.task);
  if (!isReady(known.peek().status) || isReady(before.status)) return;
  syncSoon();
  if (message.type === "event") void askAgain(id);
}

/** Ids whose end is known, but not their result. */
const ended = new Set<string>();
/** As many as are asked for at a time. */
const AT_ONCE = 4;
let asking = 0;

/** Asks for what an event does not carry, unless the row has left the screen before its turn. */
async function askAgain(id: string): Promise<void> {
  ended.add(id);
  if (asking >= AT_ONCE) return;
  asking++;
  for (const next of ended) {
    ended.delete(next);
    if (!shown.has(next)) continue;
    await attempt(async () => learn((await listTasks({ id: next }, 1)).tasks));
  }
  asking--;
}
