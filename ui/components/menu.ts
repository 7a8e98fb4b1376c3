/** A button that opens a list of choices. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { toastError } from "../notices.ts";
import { Icon, type IconName } from "./icons.ts";

export interface MenuItem {
  label: string;
  icon?: IconName;
  kind?: "danger";
  /** Of choices of which one holds. */
  checked?: boolean;
  /** Why it cannot be chosen now. */
  disabledReason?: string | null;
  run(): void | Promise<void>;
}

interface MenuProps {
  /** What the button is for, where its content does not say so. */
  label: string;
  /** Null draws a line. */
  items: (MenuItem | null)[];
  /** What the button shows; three dots without. */
  children?: ComponentChildren;
  /** Stands above the items. */
  head?: ComponentChildren;
  kind?: "plain" | "bare";
}

const GAP = 4;
const EDGE = 8;

export function Menu({ label, items, children, head, kind = "bare" }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const choices = () => [...list.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? []];

  const onToggle = (event: ToggleEvent) => {
    button.current?.setAttribute("aria-expanded", `${event.newState === "open"}`);
    if (event.newState !== "open") return;
    if (list.current && button.current) place(list.current, button.current);
    choices()[0]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const all = choices();
    const at = all.findIndex((item) => item === document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[
      event.key
    ];
    if (next !== undefined) {
      event.preventDefault();
      all[next % all.length]?.focus();
    } else if (event.key === "Tab") {
      list.current?.hidePopover();
    }
  };
  const choose = (item: MenuItem) => async () => {
    if (item.disabledReason) return;
    list.current?.hidePopover();
    button.current?.focus();
    try {
      await item.run();
    } catch (error) {
      toastError(error);
    }
  };

  return html`
    <button
      type="button"
      ref=${button}
      class=${`button ${kind} ${children ? "" : "icon-only"}`}
      aria-haspopup="menu"
      aria-expanded="false"
      aria-label=${label}
      title=${label}
      popovertarget=${id}
    >
      ${children ?? html`<${Icon} name="more" />`}
    </button>
    <div class="menu" id=${id} ref=${list} popover="auto" onToggle=${onToggle}
      onKeyDown=${onKeyDown}>
      ${head}
      <div role="menu" aria-label=${label}>
        ${items.map((item, index) =>
          item === null ? html`<hr key=${index} />` : html`
            <button
              key=${index}
              type="button"
              class=${item.kind ?? ""}
              role=${item.checked === undefined ? "menuitem" : "menuitemradio"}
              aria-checked=${item.checked === undefined ? undefined : `${item.checked}`}
              aria-disabled=${item.disabledReason ? "true" : undefined}
              title=${item.disabledReason}
              tabindex="-1"
              onClick=${choose(item)}
            >
              ${item.icon && html`<${Icon} name=${item.icon} />`}<span>${item.label}</span>
              ${item.checked && html`<${Icon} name="done" />`}
            </button>
          `
        )}
      </div>
    </div>
  `;
}

/** Puts a menu below its button, or above where there is no space below. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = at.bottom + GAP;
  const top = below + height + EDGE > innerHeight ? at.top - GAP - height : below;
  const left = Math.min(Math.max(EDGE, at.right - width), innerWidth - width - EDGE);
  Object.assign(menu.style, { top: `${Math.max(EDGE, top)}px`, left: `${left}px` });
}
