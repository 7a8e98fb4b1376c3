/** The command palette: type a few letters, press Enter. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { valueOf } from "../components/field.ts";
import { Icon } from "../components/icons.ts";
import { Kbd } from "../components/kbd.ts";
import { toastError } from "../notices.ts";
import { type Command, findCommands } from "../commands.ts";
import { commands, isPaletteOpen } from "../palette.ts";
import { go, href } from "../route.ts";
import { usePlaces } from "./palette_places.ts";

const MAX_SHOWN = 50;

/** Opens on Ctrl or ⌘ and K. */
export function Palette() {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      isPaletteOpen.value = !isPaletteOpen.value && !document.querySelector("dialog[open]");
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return isPaletteOpen.value ? html`<${Opened} />` : null;
}

function Opened() {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const typed = useSignal("");
  const chosen = useSignal(0);
  const places = usePlaces().filter(({ id }) => !commands.value.some((other) => other.id === id));
  // Places are too many to be shown to who has not said yet what to look for.
  const all = typed.value.trim() ? [...commands.value, ...places] : commands.value;
  const found = [...findCommands(all, typed.value), ...searchesFor(typed.value)]
    .slice(0, MAX_SHOWN);

  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  useLayoutEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  });

  const close = () => isPaletteOpen.value = false;
  const run = async (command: Command | undefined) => {
    if (!command) return;
    close();
    try {
      await command.run();
    } catch (error) {
      toastError(error);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) chosen.value = (chosen.value + step + found.length) % Math.max(1, found.length);
    else if (event.key === "Enter") void run(found[chosen.value]);
    else return;
    event.preventDefault();
  };
  const onInput = (event: Event) => {
    typed.value = valueOf(event);
    chosen.value = 0;
  };

  return html`
    <dialog
      ref=${dialog}
      class="dialog palette"
      aria-label="Command palette"
      onClose=${close}
      onClick=${(event: Event) => event.target === event.currentTarget && close()}
    >
      <div class="palette-input">
        <${Icon} name="search" />
        <input
          role="combobox"
          aria-label="Search pages, commands and tasks"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant=${found.length > 0 ? `palette-${chosen}` : undefined}
          placeholder="Search pages, commands and tasks"
          autocomplete="off"
          spellcheck=${false}
          value=${typed}
          onInput=${onInput}
          onKeyDown=${onKeyDown}
        />
        <${Kbd} keys="Escape" />
      </div>
      <ul id="palette-list" role="listbox" aria-label="Commands" ref=${list}>
        ${found.map((command, index) =>
          html`
            <li
              key=${command.id}
              id=${`palette-${index}`}
              role="option"
              aria-selected=${`${index === chosen.value}`}
              onPointerMove=${() => chosen.value = index}
              onClick=${() => run(command)}
            >
              <span>${command.title}</span>
              ${command.keys
                ? html`<${Kbd} keys=${command.keys} />`
                : html`<span class="muted">${command.group}</span>`}
            </li>
          `
        )}
      </ul>
    </dialog>
  `;
}

/** The ids that tasks are given: who types one wants that task. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What was typed can be a task's id, or words in its arguments. */
function searchesFor(typed: string): Command[] {
  const text = typed.trim();
  if (text === "") return [];
  const search = {
    id: "search",
    title: `Search tasks for “${text}”`,
    group: "Tasks",
    run: () => go(href("tasks", null, { q: text })),
  };
  if (!/^[\w-]{8,128}$/.test(text)) return [search];
  const open = {
    id: "open",
    title: `Open the task ${text}`,
    group: "Task",
    run: () => go(href("task", text)),
  };
  return UUID.test(text) ? [open, search] : [search, open];
}
