/** Looking for tasks in SQLite: row by row, so that a search can end wherever it has gone far enough. */

import type { SQLInputValue } from "node:sqlite";
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
import type { SummaryPage } from "../wire.ts";
import type { TaskPage } from "../broker.ts";
import type { Database } from "./database.ts";
import { SUMMARY, type SummaryRow, type TaskRow, toSummary, toTask } from "./rows.ts";

/** An id that begins with so many characters is looked up in the index of ids, */
const MIN_ID_PART = 4;
/** unless more than so many begin with it. */
const MAX_OF_ID = 500;
/** After so many rows it is looked at the clock. */
const ROWS_PER_LOOK = 50;

/** Where a search goes on, and for a walk the number after which nothing is of it. */
interface Place {
  kind: "list" | Walk;
  at: number;
  last?: number;
}

/** Reads a list page by page: the newest first, of one state or several in the order of their ends. */
export function readPage(db: Database, query: TaskQuery): TaskPage {
  let size = 0;
  const tasks: TaskPage["tasks"] = [];
  const { cursor, looked } = search(db, query, { kind: "list" }, (n) => {
    const row = db.get<TaskRow>("SELECT * FROM tasks WHERE n = ?", n);
    if (row) tasks.push(toTask(row));
    size += (row?.args.length ?? 0) + (row?.result?.length ?? 0);
    return size >= MAX_PAGE_SIZE;
  });
  return { tasks, cursor, looked };
}

/** The same without what may be long. */
export function readSummaries(db: Database, query: TaskQuery): SummaryPage {
  const tasks: SummaryPage["tasks"] = [];
  const { cursor, looked } = search(db, query, { kind: "list" }, (n) => {
    const row = db.get<SummaryRow>(`SELECT ${SUMMARY} FROM tasks WHERE n = ?`, n);
    if (row) tasks.push(toSummary(row));
    return false;
  });
  return { tasks, cursor, looked };
}

/** One step of a walk; nothing is of it that came after its first step. */
export function walk(db: Database, query: TaskQuery, kind: Walk): WalkStep {
  const ids: string[] = [];
  const last = db.get<{ counter: number }>("SELECT counter FROM state")?.counter ?? 0;
  const { cursor, looked } = search(db, query, { kind, last }, (_, id) => {
    ids.push(id);
    return false;
  });
  return { ids, cursor, looked };
}

interface Candidate {
  n: number;
  id: string;
  at: number;
  fits: 0 | 1 | null;
}

/** @param found is told of each that fits, and answers whether that is enough */
function search(
  db: Database,
  query: TaskQuery,
  start: Omit<Place, "at">,
  found: (n: number, id: string) => boolean,
): { cursor: string | null; looked: number } {
  const place = parse(query.cursor, start);
  const deadline = performance.now() + MAX_SEARCH_MS;
  let looked = 0;
  let count = 0;
  for (const { n, id, at, fits } of candidates(db, query, place)) {
    looked++;
    let isEnough = looked >= MAX_LOOKED ||
      (looked % ROWS_PER_LOOK === 0 && performance.now() > deadline);
    if (fits === 1) {
      count++;
      isEnough = found(n, id) || isEnough || count >= query.limit;
    }
    if (isEnough) return { cursor: toCursor({ ...place, at }), looked };
  }
  return { cursor: null, looked };
}

/** The tasks to look at, in order, each with whether it fits. */
function candidates(db: Database, query: TaskQuery, place: Place): Iterable<Candidate> {
  const states = statesOf(query);
  if (states?.length === 0) return [];
  const { id, schedule, since, until } = query;
  const isList = place.kind === "list";
  const fits = condition(query, place);
  const range = idRange(db, id);
  const order = isByState(query) ? "place" : "n";
  const parts: [where: string, values: SQLInputValue[]][] = states !== null && isByState(query)
    ? states.map((state) => ["status = ?", [state]])
    : range
    ? [["id >= ? AND id < ?", range]]
    : schedule !== undefined
    ? [["schedule = ?", [schedule]]]
    : [["1", []]];
  // A task's place is never before its number, so both have this bound.
  let low = isList ? 0 : place.at + 1;
  let high = isList ? place.at : (place.last ?? 0) + 1;
  if (since !== undefined) low = Math.max(low, firstSince(db, since));
  if (until !== undefined && order === "n") high = Math.min(high, firstSince(db, until + 1));
  const bound = range ? "+n" : order; // the sign keeps the index of ids in use
  const sql = parts.map(([where]) =>
    `SELECT n, id, ${order} AS at, ${fits.sql} AS fits FROM tasks
     WHERE ${where} AND ${bound} >= ? AND ${bound} < ?`
  ).join(" UNION ALL ");
  const values = parts.flatMap(([, own]) => [...fits.values, ...own, low, high]);
  return db.iterate<Candidate>(`${sql} ORDER BY at ${isList ? "DESC" : "ASC"}`, ...values);
}

/** Whether the index by state says where to look. */
function isByState(query: TaskQuery): boolean {
  return statesOf(query) !== null && query.id === undefined && query.schedule === undefined;
}

/**
 * What must hold of a task, the cheap first: CASE is left at once where it does not. Cheapest is what is
 * stored before the arguments, which may be long.
 */
function condition(
  query: TaskQuery,
  { kind, last }: Place,
): { sql: string; values: SQLInputValue[] } {
  const tests: string[] = [];
  const values: SQLInputValue[] = [];
  const test = (sql: string, ...its: SQLInputValue[]) => {
    tests.push(sql);
    values.push(...its);
  };
  const { name, queue, worker, schedule, id, since, until } = query;
  if (name !== undefined) test("name = ?", name);
  if (id !== undefined) test("substr(id, 1, ?) = ?", [...id].length, id);
  const states = isByState(query) ? null : statesOf(query);
  if (states) test(`status IN (${states.map(() => "?")})`, ...states);
  for (const [column, value] of Object.entries({ queue, worker, schedule })) {
    if (value !== undefined) test(`${column} = ?`, value);
  }
  if (since !== undefined) test("created >= ?", since);
  if (until !== undefined) test("created <= ?", until);
  // What has ended since the walk began has a place after that.
  if (kind !== "list") test("n <= ? AND place <= ?", last ?? 0, last ?? 0);
  test("(kept_until IS NULL OR kept_until > ?)", Date.now());
  const { args, result, error, text } = query;
  const has = (column: string, spellings: string[]): [string, string[]] => [
    spellings.map(() => `instr(lower(${column}), ?) > 0`).join(" OR "),
    spellings,
  ];
  const errorHas = (part: string): [string, string[]] => {
    const [type, [a = ""]] = has("error ->> '$.type'", [lowerCase(part)]);
    const [message] = has("error ->> '$.message'", [a]);
    return [`(error IS NOT NULL AND (${type} OR ${message}))`, [a, a]];
  };
  const all = (conditions: [string, string[]][]) =>
    test(conditions.map(([sql]) => sql).join(" OR "), ...conditions.flatMap(([, its]) => its));
  if (args !== undefined) all([has("args", spellingsInJson(args))]);
  if (result !== undefined) all([has("result", spellingsInJson(result))]);
  if (error !== undefined) all([errorHas(error)]);
  if (text !== undefined) {
    const spellings = spellingsInJson(text);
    const columns = ["id", "name", "args", "result"];
    all([...columns.map((column) => has(column, spellings)), errorHas(text)]);
  }
  const sql = tests.reduceRight((rest, each) => `CASE WHEN ${each} THEN ${rest} END`, "1");
  return { sql, values };
}

/** The bounds of ids that begin so; nothing where that would be many. */
function idRange(db: Database, part: string | undefined): [string, string] | null {
  if (part === undefined || part.length < MIN_ID_PART) return null;
  const range: [string, string] = [part, `${part}\u{10ffff}`];
  const many = db.get(
    "SELECT 1 FROM tasks WHERE id >= ? AND id < ? LIMIT 1 OFFSET ?",
    ...range,
    MAX_OF_ID,
  );
  return many ? null : range;
}

/** The number of the first task that was accepted at a time or later, or what the next one's will be. */
function firstSince(db: Database, time: number): number {
  let low = 0;
  let high = 1 + (db.get<{ counter: number }>("SELECT counter FROM state")?.counter ?? 0);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = db.get<{ n: number; created: number }>(
      "SELECT n, created FROM tasks WHERE n >= ? ORDER BY n LIMIT 1",
      middle,
    );
    if (row && row.created < time) low = row.n + 1;
    else high = middle;
  }
  return low;
}

/** @throws {InvalidCursorError} */
function parse(cursor: string | undefined, start: Omit<Place, "at">): Place {
  if (cursor === undefined) {
    return { ...start, at: start.kind === "list" ? Number.MAX_SAFE_INTEGER : 0 };
  }
  const place = fromCursor(cursor) as Partial<Record<keyof Place, unknown>> | null;
  const isValid = place?.kind === start.kind && Number.isSafeInteger(place.at) &&
    (start.kind === "list" || Number.isSafeInteger(place.last));
  if (!isValid) throw new InvalidCursorError(cursor);
  return place as Place;
}
