import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { Dialog } from "../components/dialog.ts";
import { Kbd } from "../components/kbd.ts";
import { shortcuts } from "../shortcuts.ts";

export const isSheetOpen = signal(false);

/** All shortcuts that work where the reader is. */
export function ShortcutSheet() {
  if (!isSheetOpen.value) return null;
  const jumps = shortcuts.value.filter(({ keys }) => keys.startsWith("g "));
  const others = shortcuts.value.filter(({ keys }) => !keys.startsWith("g "));
  const palette = { keys: "Mod K", title: "Find pages and commands" };
  return html`
    <${Dialog} title="Keyboard shortcuts" size="wide" onClose=${() => isSheetOpen.value = false}>
      <div class="sheet">
        <${Keys} title="Here" list=${[palette, ...others]} />
        <${Keys} title="Go to" list=${jumps} />
      </div>
      <//>
  `;
}

function Keys({ title, list }: { title: string; list: { keys: string; title: string }[] }) {
  return html`
    <section>
      <h3>${title}</h3>
      <dl>
        ${list.map((each) =>
          html`
            <div key=${each.keys}>
              <dt>
                <${Kbd} keys=${each.keys} />
              </dt>
              <dd>${each.title}</dd>
            </div>
          `
        )}
      </dl>
    </section>
  `;
}
