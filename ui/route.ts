/** Where the reader is. Everything that a link should lead back to stands in the address. */

import { signal } from "@preact/signals";
import { parseRoute, type Query, type Route } from "./address.ts";

export { href, PAGE_NAMES, type PageName } from "./address.ts";

export const route = signal<Route>(parseRoute(location.hash));

/** Opens an address of this page, as a click on a link does. */
export function go(hash: string): void {
  location.hash = hash;
}

/** Changes parts of the query in place, without a step in the history; null takes one out. */
export function setQuery(changes: Query): void {
  const query = new URLSearchParams(route.peek().query);
  for (const [key, value] of Object.entries(changes)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const path = location.hash.replace(/\?.*$/s, "") || "#/";
  history.replaceState(history.state, "", query.size > 0 ? `${path}?${query}` : path);
  route.value = { ...route.peek(), query };
}

/** How far down each address was read; what is new begins at its top. */
const scrolled = new Map<string, number>();

/** Keeps the route true to the address. */
export function startRouting(): void {
  history.scrollRestoration = "manual";
  addEventListener("scroll", () => scrolled.set(location.hash, scrollY), { passive: true });
  addEventListener("hashchange", () => {
    // Only an entry of the history that was there before has a state.
    const isBack = history.state !== null;
    const top = isBack ? scrolled.get(location.hash) ?? 0 : 0;
    if (!isBack) history.replaceState({}, "");
    route.value = parseRoute(location.hash);
    requestAnimationFrame(() => scrollTo(0, top));
  });
  if (history.state === null) history.replaceState({}, "");
}
