/** The page: its frame, and its start. */

import { effect } from "@preact/signals";
import { html } from "htm/preact";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sessionDoubts } from "./api.ts";
import { Confirm } from "./components/confirm.ts";
import { Banner } from "./layout/banner.ts";
import { Header } from "./layout/header.ts";
import { BottomBar, isShown, Sidebar } from "./layout/navigation.ts";
import { loadPage, PageHost } from "./layout/page_host.ts";
import { Palette } from "./layout/palette.ts";
import { isSheetOpen, ShortcutSheet } from "./layout/shortcut_sheet.ts";
import { Toasts } from "./layout/toasts.ts";
import { PAGES } from "./pages.ts";
import { isPaletteOpen, registerCommands } from "./palette.ts";
import { go, href, PAGE_NAMES, route, startRouting } from "./route.ts";
import { addShortcuts, startShortcuts } from "./shortcuts.ts";
import { addPart, connect, disconnect, link, startConnection } from "./state/connection.ts";
import { isIn, loadSession } from "./state/session.ts";
import { setTheme, THEMES } from "./theme.ts";

function App() {
  const main = useRef<HTMLElement>(null);
  const { page, id } = route.value;
  const isFirst = useRef(true);
  // Who opens a page by keyboard goes on in it.
  useEffect(() => {
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [page, id]);
  if (page === "login") {
    return html`
      <main class="alone">
        <${PageHost} />
      </main>
      <${Toasts} />
    `;
  }
  return html`
    <a class="skip" href="#content" onClick=${(event: Event) => {
      event.preventDefault();
      main.current?.focus();
    }}>Skip to the page</a>
    <${Sidebar} />
    <div class="frame">
      <${Header} />
      <main id="content" ref=${main} tabindex="-1" data-stale=${link.value === "lost"}>
        <${Banner} />
        <${PageHost} />
      </main>
    </div>
    <${BottomBar} />
    <${Palette} />
    <${ShortcutSheet} />
    <${Confirm} />
    <${Toasts} />
  `;
}

/** Pages and themes as commands and shortcuts, for who may see them. */
function addBasics(): void {
  effect(() => {
    const shown = PAGE_NAMES.filter((name) => isShown(PAGES[name]));
    const jumps = shown.map((name) => ({
      keys: PAGES[name].key ? `g ${PAGES[name].key}` : "",
      title: PAGES[name].title,
      run: () => go(href(name)),
    }));
    const dropShortcuts = addShortcuts([
      { keys: "?", title: "Show the keyboard shortcuts", run: () => isSheetOpen.value = true },
      { keys: "/", title: "Search", run: () => isPaletteOpen.value = true },
      ...jumps.filter(({ keys }) => keys),
    ], true);
    const dropCommands = registerCommands([
      ...jumps.map(({ keys, title, run }) => ({
        id: `page ${title}`,
        title,
        group: "Page",
        ...(keys && { keys }),
        run,
      })),
      ...THEMES.map((theme) => ({
        id: `theme ${theme}`,
        title: `Use the ${theme} theme`,
        group: "Theme",
        run: () => setTheme(theme),
      })),
      { id: "docs", title: "API docs", group: "Page", run: () => location.assign("/docs") },
    ]);
    return () => {
      dropShortcuts();
      dropCommands();
    };
  });
}

/** Follows who is logged in: for nobody there is only the login page, and no socket. */
function followSession(): void {
  effect(() => {
    if (sessionDoubts.value > 0) void loadSession();
  });
  // A socket that is refused tells no reason.
  addPart({ receive() {}, onLost: () => void loadSession() });
  effect(() => {
    if (isIn.value) connect();
    else if (isIn.value === false) disconnect();
  });
  effect(() => {
    if (isIn.value === false && route.value.page !== "login") {
      location.replace(href("login", null, { next: location.hash }));
    }
  });
}

// What takes a while is asked for first.
void loadSession();
const { page } = route.peek();
if (page) void loadPage(page);
const root = document.getElementById("app");
if (root) render(html`<${App} />`, root);
startRouting();
startShortcuts();
startConnection(() => isIn.peek() === true);
addBasics();
followSession();
