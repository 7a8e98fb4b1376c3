import { html } from "htm/preact";
import { link, trouble, workers } from "../state.ts";
import { Mark } from "./icons.ts";

export function Header() {
  return html`
    <header class="top">
      <a class="brand" href="#/"><${Mark} />taskapp</a>
      <nav aria-label="About the system">
        <${Workers} />
        <a href="/docs">API docs</a>
        <${LinkState} />
      </nav>
    </header>
  `;
}

function Workers() {
  const list = workers.value;
  if (!list) return null;
  const slots = list.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const names = list.map(({ name }) => name).join("\n");
  return html`
    <span class="muted" title=${names}>
      ${list.length} ${list.length === 1 ? "worker" : "workers"}
      ${slots > 0 && html`<span class="wide-only"> · ${slots} at once</span>`}
    </span>
  `;
}

const WORDS = { connecting: "Connecting…", open: "Live", lost: "Reconnecting…" };

function LinkState() {
  return html`<span class="link" role="status" data-link=${link}>${WORDS[link.value]}</span>`;
}

/** What stands in the way, above everything else. */
export function Banner() {
  return html`<div role="status">${
    bannerText() && html`<p class="banner">${bannerText()}</p>`
  }</div>`;
}

function bannerText() {
  if (link.value === "lost") {
    return "Connection to the server lost. Reconnecting… Tasks go on running meanwhile.";
  }
  if (trouble.value) return `${trouble.value.replace(/\.?$/, ".")} Trying again…`;
  if (workers.value?.length === 0) {
    return html`No worker is running, so tasks wait: start one with <code>taskapp work</code>.`;
  }
  return null;
}
