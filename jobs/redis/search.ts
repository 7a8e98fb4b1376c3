/** Looking for tasks in Redis: some calls of one script, each of which holds Redis up for moments only. */

import { setTimeout as sleep } from "node:timers/promises";
import { InvalidCursorError, type TaskQuery, type Walk, type WalkStep } from "../broker.ts";
import {
  fromCursor,
  lowerCase,
  MAX_LOOKED,
  MAX_PAGE_SIZE,
  MAX_SEARCH_MS,
  spellingsInJson,
  statesOf,
  toCursor,
} from "../search.ts";
import type { State } from "../wire.ts";
import { chunks } from "./decode.ts";
import { type Script, scripts } from "./scripts.ts";

/** How often a walk begins again where tasks may have gone back to where it had been. */
const MAX_PASSES = 3;
/** On the broker's clock all that was accepted before is older than what comes after this. */
const TICK_MS = 3;

/** Where a search goes on. */
interface Place {
  /** The group of lists in which it is: its kind, worker or queue, level of priority, and lane. */
  group: [number, string, number, string];
  /** The last task seen in each of them: its position, time and id, and how many were found before it. */
  anchors: ([number, number, string, number] | false)[];
  /** Later tasks are not of this walk, Unix time in ms. */
  at_most?: number | undefined;
}

/** What scripts/list.lua is asked. */
interface SearchRequest extends Partial<Record<"args" | "result" | "error" | "text", string[]>> {
  view: View;
  /** A list is the newest first, a walk the oldest first. */
  walk: "list" | "stay" | "leave";
  limit: number;
  /** At most so many tasks. */
  look?: number;
  cursor?: Place | undefined;
  states: State[] | undefined;
  name?: string | undefined;
  queue?: string | undefined;
  worker?: string | undefined;
  schedule?: string | undefined;
  id?: string | undefined;
  since?: number | undefined;
  until?: number | undefined;
}

type View = "full" | "summary" | "ids";

/** Ids, and unless only these were asked for each with its fields and values. */
type Rows = (string | string[])[];

type Reply = [place: string, looked: number, bytes: number, atMost: number, ...Rows];

type Run = (script: Script, args: (string | number)[]) => Promise<unknown>;

export class RedisSearch {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** One page of a list. */
  async page<T>(
    query: TaskQuery,
    view: "full" | "summary",
    decode: (id: string, fields: string[]) => T,
  ): Promise<{ tasks: T[]; cursor: string | null; looked: number }> {
    const { place } = parse(query.cursor, "list");
    const request = { ...toRequest(query, view), walk: "list", cursor: place } as const;
    const { rows, place: next, looked } = await this.#repeat(request, 2);
    const cursor = next ? toCursor({ walk: "list", place: next }) : null;
    const tasks = chunks<[string, string[]]>(rows, 2).map(([id, fields]) => decode(id, fields));
    return { tasks, cursor, looked };
  }

  /** One step of a walk. */
  async walk(query: TaskQuery, kind: Walk): Promise<WalkStep> {
    const { place, pass, hits } = parse(query.cursor, kind);
    if (query.cursor === undefined) await sleep(TICK_MS);
    const request = { ...toRequest(query, "ids"), walk: kind, cursor: place };
    const { rows, place: next, looked, atMost } = await this.#repeat(request, 1);
    const ids = rows as string[];
    const all = hits + ids.length;
    if (next) {
      return { ids, cursor: toCursor({ walk: kind, place: next, pass, hits: all }), looked };
    }
    const mayHaveGoneBack = kind === "leave" && all > 0 && pass < MAX_PASSES &&
      statesOf(query)?.some((state) => state === "PENDING" || state === "RETRY");
    if (!mayHaveGoneBack) return { ids, cursor: null, looked };
    const start: Place = { group: [0, "", 0, ""], anchors: [], at_most: atMost };
    return { ids, cursor: toCursor({ walk: kind, place: start, pass: pass + 1, hits: 0 }), looked };
  }

  /** Goes on until the page is full, the request has gone far enough, or all has been looked at. */
  async #repeat(request: SearchRequest, rowSize: 1 | 2) {
    const rows: Rows = [];
    const deadline = performance.now() + MAX_SEARCH_MS;
    let place = request.cursor;
    let looked = 0;
    let size = 0;
    // A name may come from a request with half a character in it, which Lua's JSON refuses.
    const wellFormed = (_: string, value: unknown) =>
      typeof value === "string" ? value.toWellFormed() : value;
    while (true) {
      const limit = request.limit - rows.length / rowSize;
      const look = MAX_LOOKED - looked;
      const ask = JSON.stringify({ ...request, limit, look, cursor: place }, wellFormed);
      const reply = await this.#run(scripts.list, [ask]);
      const [next, seen, bytes, atMost, ...found] = reply as Reply;
      for (const row of found) rows.push(row);
      looked += seen;
      if (request.view === "full") size += bytes;
      place = next ? JSON.parse(next) as Place : undefined;
      // What is found on a walk that makes it leave would be found again.
      const isFull = rows.length >= request.limit * rowSize ||
        (request.walk === "leave" && rows.length > 0);
      const isEnough = looked >= MAX_LOOKED || size >= MAX_PAGE_SIZE ||
        performance.now() > deadline;
      if (place === undefined || isFull || isEnough) return { rows, place, looked, atMost };
    }
  }
}

function toRequest(query: TaskQuery, view: View): Omit<SearchRequest, "walk"> {
  const { name, queue, worker, schedule, id, since, until, limit } = query;
  const { args, result, error, text } = query;
  return {
    view,
    limit,
    states: statesOf(query) ?? undefined,
    ...{ name, queue, worker, schedule, id, since, until },
    ...(args && { args: spellingsInJson(args) }),
    ...(result && { result: spellingsInJson(result) }),
    ...(error && { error: [lowerCase(error)] }),
    ...(text && { text: spellingsInJson(text) }),
  };
}

/** @throws {InvalidCursorError} */
function parse(
  cursor: string | undefined,
  kind: SearchRequest["walk"],
): { place: Place | undefined; pass: number; hits: number } {
  if (cursor === undefined) return { place: undefined, pass: 1, hits: 0 };
  const content = fromCursor(cursor) as null | {
    walk?: unknown;
    place?: null | Partial<Record<keyof Place, unknown>>;
    pass?: unknown;
    hits?: unknown;
  };
  const { pass = 1, hits = 0 } = content ?? {};
  const { group, anchors, at_most } = content?.place ?? {};
  const isValid = content?.walk === kind && isGroup(group) && areAnchors(anchors) &&
    (at_most === undefined ? kind === "list" : Number.isInteger(at_most)) &&
    Number.isInteger(pass) && Number.isInteger(hits);
  if (!isValid) throw new InvalidCursorError(cursor);
  const place = { group, anchors, ...(at_most !== undefined && { at_most }) } as Place;
  return { place, pass: Number(pass), hits: Number(hits) };
}

function isGroup(group: unknown): boolean {
  return Array.isArray(group) && group.length === 4 && Number.isInteger(group[0]) &&
    typeof group[1] === "string" && Number.isInteger(group[2]) && typeof group[3] === "string";
}

function areAnchors(anchors: unknown): boolean {
  return Array.isArray(anchors) && anchors.length <= 3 &&
    anchors.every((anchor) =>
      anchor === false || (Array.isArray(anchor) && Number.isInteger(anchor[0]) &&
        anchor[0] >= 0 && Number.isFinite(anchor[1]) && typeof anchor[2] === "string" &&
        Number.isInteger(anchor[3]))
    );
}
