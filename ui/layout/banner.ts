import { html } from "htm/preact";
import { heardAt } from "../api.ts";
import { relative } from "../format.ts";
import { now } from "../state/clock.ts";
import { link, trouble } from "../state/connection.ts";
import { useTopic } from "../state/topics.ts";

/** What stands in the way, above everything else. */
export function Banner() {
  const text = bannerText(useTopic("workers")?.length ?? null);
  return html`<div role="status" class="banners">${
    text && html`<p class="banner">${text}</p>`
  }</div>`;
}

function bannerText(workers: number | null) {
  if (link.value === "lost") {
    const heard = relative(new Date(heardAt.value).toISOString(), now.value);
    return `Connection to the server lost. Reconnecting… What you see is from ${heard}; ` +
      "tasks go on running meanwhile.";
  }
  if (trouble.value) return `${trouble.value.replace(/\.?$/, ".")} Trying again…`;
  if (workers === 0) {
    return html`No worker is running, so tasks wait: start one with <code>taskapp work</code>.`;
  }
  return null;
}
