/** Buttons, also those that somebody may not press. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { Role } from "../../jobs/wire.ts";
import { may } from "../access.ts";
import { toastError } from "../notices.ts";
import { Icon, type IconName } from "./icons.ts";

interface ButtonProps {
  kind?: "plain" | "primary" | "danger" | "bare";
  size?: "small" | "normal";
  icon?: IconName;
  /** For whom the text alone says too little, or where there is only an icon; also its tooltip then. */
  label?: string;
  type?: "button" | "submit";
  /** Under way; set by itself while what `onClick` answered is not settled. */
  busy?: boolean;
  /** Who may press it: others see it disabled, with the reason as tooltip. */
  needs?: Role;
  /** Why it cannot be pressed now. */
  disabledReason?: string | null;
  /** Of buttons that stay in. */
  pressed?: boolean;
  /** What goes wrong in it is said in a toast. */
  onClick?(event: Event): void | Promise<unknown>;
  children?: ComponentChildren;
}

/** A button. Where it cannot be pressed it still says why, also to who comes by keyboard. */
export function Button(props: ButtonProps) {
  const { kind = "plain", size = "normal", icon, label, type = "button", pressed } = props;
  const running = useSignal(false);
  const allowed = props.needs ? may(props.needs) : true;
  const reason = props.disabledReason ?? (allowed === true ? null : allowed);
  const busy = props.busy || running.value;
  const click = async (event: Event) => {
    if (busy || reason) return event.preventDefault();
    const result = props.onClick?.(event);
    if (!(result instanceof Promise)) return;
    running.value = true;
    try {
      await result;
    } catch (error) {
      toastError(error);
    }
    running.value = false;
  };
  const isIconOnly = icon !== undefined && !props.children;
  return html`
    <button
      type=${type}
      class=${`button ${kind} ${size} ${isIconOnly ? "icon-only" : ""}`}
      aria-label=${label}
      title=${reason ?? (isIconOnly ? label : undefined)}
      aria-disabled=${busy || reason ? "true" : undefined}
      aria-busy=${busy ? "true" : undefined}
      aria-pressed=${pressed === undefined ? undefined : `${pressed}`}
      onClick=${click}
    >
      ${icon && html`<${Icon} name=${icon} />`}${props.children}
    </button>
  `;
}

/** A link that looks like a button. */
export function LinkButton(
  { href, kind = "plain", icon, children }: {
    href: string;
    kind?: "plain" | "primary";
    icon?: IconName;
    children?: ComponentChildren;
  },
) {
  return html`
    <a class=${`button ${kind}`} href=${href}>${icon &&
      html`<${Icon} name=${icon} />`}${children}</a>
  `;
}
