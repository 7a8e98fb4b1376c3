/** The list of recent tasks, renewed while somebody looks at it. */

import { batch, effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isReady, type TaskType } from "../../jobs/wire.ts";
import { listTasks, listTaskTypes, type TaskFilter } from "../api/tasks.ts";
import { addPage, EMPTY_LISTING, type Listing, renewFirstPage } from "../store.ts";
import { attempt } from "./connection.ts";
import { follow, known, learn } from "./tasks.ts";

/** Milliseconds between looks for new tasks. */
const POLL_EVERY = 2500;

export const filter = signal<TaskFilter>({ state: "", name: "" });
/** Null until the server has answered. */
export const listing = signal<Listing | null>(null);
export const taskTypes = signal<TaskType[] | null>(null);

/** Keeps the list true while a component is shown. */
export function useListing(): void {
  useEffect(() => {
    const stopFiltering = effect(() => {
      filter.value;
      listing.value = null;
      void poll();
    });
    const timer = setInterval(
      () => document.visibilityState === "visible" && void poll(),
      POLL_EVERY,
    );
    const stopFollowing = effect(() => {
      const running = (listing.value?.ids ?? []).filter((id) => {
        const { task } = known(id).value;
        return task && !isReady(task.status);
      });
      const stops = running.map((id) => follow(id, "state"));
      return () => stops.forEach((stop) => stop());
    });
    return () => {
      stopFiltering();
      stopFollowing();
      clearInterval(timer);
    };
  }, []);
}

export async function loadTaskTypes(): Promise<void> {
  await attempt(async () => {
    taskTypes.value ??= (await listTaskTypes()).task_types;
  });
}

export async function loadMore(): Promise<void> {
  const cursor = listing.value?.cursor;
  if (!cursor) return;
  await attempt(async () => {
    const page = await listTasks(filter.value, cursor);
    if (listing.value?.cursor !== cursor) return;
    batch(() => {
      for (const task of page.tasks) learn(task);
      const ids = page.tasks.map((task) => task.task_id);
      listing.value = addPage(listing.value ?? EMPTY_LISTING, ids, page.cursor);
    });
  });
}

let polling = false;

/** Asks for the newest tasks. */
export async function poll(): Promise<void> {
  if (polling) return;
  polling = true;
  const asked = filter.peek();
  await attempt(async () => {
    const page = await listTasks(asked, null);
    batch(() => {
      if (asked !== filter.peek()) return;
      for (const task of page.tasks) learn(task);
      const ids = page.tasks.map((task) => task.task_id);
      listing.value = renewFirstPage(listing.peek() ?? EMPTY_LISTING, ids, page.cursor);
    });
  });
  polling = false;
  if (asked !== filter.peek()) await poll();
}
