/** Addresses of the page: `#/tasks/<id>?q=…` is page, id and query. Pure. */

export const PAGE_NAMES = [
  "overview",
  "tasks",
  "task",
  "start",
  "queues",
  "workers",
  "schedules",
  "dead",
  "system",
  "access",
  "audit",
  "login",
] as const;
export type PageName = (typeof PAGE_NAMES)[number];

export interface Route {
  /** Null where there is no such page. */
  page: PageName | null;
  /** What of it: a task's id, a queue's name. */
  id: string | null;
  query: URLSearchParams;
}

/** Reads the part of an address behind `#`. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const [first = "", ...rest] = path.split("/");
  const id = decoded(rest.join("/"));
  return { page: pageOf(first, id), id, query: new URLSearchParams(search) };
}

function pageOf(first: string, id: string | null): PageName | null {
  if (first === "") return "overview";
  if (first === "tasks" && id !== null) return "task";
  return PAGE_NAMES.find((name) => name === first && name !== "task") ?? null;
}

function decoded(text: string): string | null {
  if (text === "") return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not an address that this page made
  }
}

export type Query = { [key: string]: string | null };

/** The address of a page, for links. Empty values of the query are left out. */
export function href(page: PageName, id?: string | null, query: Query = {}): string {
  const path = page === "overview" ? "" : page === "task" ? "tasks" : page;
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([key, value]) => value ? [[key, value]] : []),
  );
  const tail = search.size > 0 ? `?${search}` : "";
  return `#/${path}${id ? `/${encodeURIComponent(id)}` : ""}${tail}`;
}
