/** Rows of the tasks list: what is known of each, and how the list follows what happens. Pure. */

import { isReady, type Task, type TaskEvent, type TaskSummary } from "../jobs/wire.ts";

/** As the server shortens what may be long. */
const PREVIEW = 200;

/** A task as lists have it. */
export function summaryOf({ args, result, meta: _, error, ...rest }: Task): TaskSummary {
  return {
    ...rest,
    args_preview: cutOff(JSON.stringify(args)),
    result_preview: result === null ? null : cutOff(JSON.stringify(result)),
    error: error && { type: error.type, message: cutOff(error.message) },
  };
}

function cutOff(text: string): string {
  return text.length > PREVIEW ? `${text.slice(0, PREVIEW - 1)}…` : text;
}

/** The row after an event; one that is known already changes nothing. */
export function afterEvent(row: TaskSummary, event: TaskEvent): TaskSummary {
  if (event.seq <= row.events) return row;
  const { status, at } = event;
  const isSameState = status === row.status;
  const next: TaskSummary = {
    ...row,
    events: event.seq,
    status,
    progress: event.progress,
    stage: event.stage,
    worker: event.worker ?? row.worker,
    attempt: event.attempt ?? row.attempt,
    eta: event.eta ?? (isSameState ? row.eta : null),
    error: event.error
      ? { type: event.error.type, message: cutOff(event.error.message) }
      : isSameState
      ? row.error
      : null,
  };
  if (isReady(status)) {
    next.finished_at = at;
    next.runtime_ms = event.runtime_ms ?? row.runtime_ms;
    next.dead = status === "FAILURE";
    return next;
  }
  next.result_preview = null;
  next.finished_at = null;
  next.runtime_ms = null;
  next.dead = false;
  if (status === "STARTED" && !isSameState) next.started_at = at;
  if (status === "PENDING" || status === "RETRY") next.started_at = null;
  return next;
}

/** Ids in the order of the list, and where it goes on. */
export interface Listed {
  ids: string[];
  /** Null at its end. */
  cursor: string | null;
  /** How many tasks were looked at for it. */
  looked: number;
  /** The last id of each of its pages, and where the list goes on behind it. */
  ends: { id: string | undefined; cursor: string | null }[];
}

/** A page as the server answers it, as a list of its own. */
export function listOf(ids: string[], cursor: string | null, looked: number): Listed {
  return { ids, cursor, looked, ends: [{ id: ids.at(-1), cursor }] };
}

/**
 * The list with its first page as it is now in front. Where a full page does not meet the list, too much
 * is new to be put in front: then the list begins anew with the page. What is not full, and yet not all,
 * is as far as one request looks: it says nothing of what the list has further down.
 */
export function withHead(list: Listed, page: Listed, pageSize: number): Listed {
  const isFull = page.ids.length >= pageSize;
  const isNew = new Set(page.ids);
  const lastCommon = list.ids.findLastIndex((id) => isNew.has(id));
  if (page.cursor === null || (isFull && lastCommon < 0)) return page;
  return { ...list, ids: [...page.ids, ...list.ids.slice(lastCommon + 1)] };
}

/** Ids at the front of a page that the list does not have yet: those before the first that it has. */
export function newIn(list: Listed, page: Listed): string[] {
  const known = new Set(list.ids);
  const first = page.ids.findIndex((id) => known.has(id));
  return first < 0 ? page.ids : page.ids.slice(0, first);
}

/** The list with one more page; a task that has moved meanwhile stays where it is. */
export function withPage(list: Listed, page: Listed): Listed {
  const known = new Set(list.ids);
  return {
    ids: [...list.ids, ...page.ids.filter((id) => !known.has(id))],
    cursor: page.cursor,
    looked: list.looked + page.looked,
    ends: [...list.ends, ...page.ends],
  };
}

/** The list without its last pages, so that it has not many more than so many rows. */
export function shortened(list: Listed, most: number): Listed {
  if (list.ids.length <= most) return list;
  const cut = list.ends.findLastIndex(({ id }, at) => {
    const index = id === undefined ? -1 : list.ids.indexOf(id);
    return at < list.ends.length - 1 && index >= 0 && index < most;
  });
  const end = list.ends[cut];
  if (end?.id === undefined) return list;
  return {
    ...list,
    ids: list.ids.slice(0, list.ids.indexOf(end.id) + 1),
    cursor: end.cursor,
    ends: list.ends.slice(0, cut + 1),
  };
}
