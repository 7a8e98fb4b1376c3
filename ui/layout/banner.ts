import { html } from "htm/preact";
import { heardAt } from "../api.ts";
import { relative } from "../format.ts";
import { type PageName, route } from "../route.ts";
import { now } from "../state/clock.ts";
import { link, trouble } from "../state/connection.ts";
import { useTopic } from "../state/topics.ts";

/** Pages that say themselves that no worker runs. */
const SAY_SO: (PageName | null)[] = ["overview", "workers"];

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
    // The age is not read out each second.
    return html`
      Connection to the server lost. Reconnecting… Tasks go on running meanwhile.${" "}
      <span aria-hidden="true">What you see is from ${heard}.</span>
    `;
  }
  if (trouble.value) return `${trouble.value.replace(/\.?$/, ".")} Trying again…`;
  if (workers === 0 && !SAY_SO.includes(route.value.page)) {
    return html`No worker is running, so tasks wait: start one with <code>taskapp work</code>.`;
  }
  return null;
}
