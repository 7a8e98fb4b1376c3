import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { copyText } from "../clipboard.ts";
import { Icon } from "./icons.ts";

interface CopyButtonProps {
  text: string;
  /** What is copied, for the tooltip: "Copy the id". */
  label: string;
  /** What the button shows; only the icon without. */
  children?: ComponentChildren;
  class?: string;
}

const SHOWN_MS = 1500;

/** Copies a text on click. */
export function CopyButton({ text, label, children, class: more = "" }: CopyButtonProps) {
  const copied = useSignal(false);
  const copy = async () => {
    if (!await copyText(text)) return;
    copied.value = true;
    setTimeout(() => copied.value = false, SHOWN_MS);
  };
  return html`
    <button
      type="button"
      class=${`button bare copy ${children ? "" : "icon-only"} ${more}`}
      aria-label=${children ? undefined : label}
      title=${label}
      onClick=${copy}
    >
      ${children}<${Icon} name=${copied.value ? "done" : "copy"} />
      <span class="hidden" role="status">${copied.value ? "Copied" : ""}</span>
    </button>
  `;
}
