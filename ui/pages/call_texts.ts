/** A call as curl, on the command line and in TypeScript. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { asCommand, asCurl, asTypeScript, type Call } from "../calls.ts";
import { copyText } from "../clipboard.ts";
import { CopyButton } from "../components/copy_button.ts";
import type { MenuItem } from "../components/menu.ts";
import { toast } from "../notices.ts";
import { me } from "../state/session.ts";

const WAYS = ["curl", "Command line", "TypeScript"] as const;
type Way = (typeof WAYS)[number];

function textOf(call: Call, way: Way): string {
  switch (way) {
    case "curl":
      return asCurl(call, location.origin, me.value?.auth ?? false);
    case "Command line":
      return asCommand(call);
    case "TypeScript":
      return asTypeScript(call);
  }
}

/** One of the texts, with buttons for the others. */
export function CallTexts({ call }: { call: Call }) {
  const way = useSignal<Way>("curl");
  const text = textOf(call, way.value);
  return html`
    <div class="call-texts">
      <div class="modes" role="group" aria-label="Write the call for">
        ${WAYS.map((each) =>
          html`
            <button
              key=${each}
              type="button"
              class="button small"
              aria-pressed=${`${each === way.value}`}
              onClick=${() => way.value = each}
            >${each}</button>
          `
        )}
      </div>
      <div class="json">
        <${CopyButton} text=${text} label=${`Copy for ${way.value}`} />
        <pre tabindex="0" aria-label=${`The call for ${way.value}`}>${text}</pre>
      </div>
    </div>
  `;
}

/** Entries of a menu that copy a call. */
export function copyCallItems(call: Call): MenuItem[] {
  return WAYS.map((way) => ({
    label: `Copy as ${way === "Command line" ? "taskapp call" : way}`,
    icon: "copy",
    async run() {
      if (await copyText(textOf(call, way))) toast({ text: "Copied." });
    },
  }));
}
