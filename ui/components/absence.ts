/** What stands where there is nothing to show: none, not yet, not possible. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { Button } from "./button.ts";
import { Icon, type IconName } from "./icons.ts";

interface EmptyProps {
  icon?: IconName;
  title: string;
  /** What the reader can do about it. */
  hint?: ComponentChildren;
  action?: ComponentChildren;
}

/** There is nothing, and what to do about that. */
export function Empty({ icon, title, hint, action }: EmptyProps) {
  return html`
    <div class="empty">
      ${icon && html`<${Icon} name=${icon} />`}
      <p class="empty-title">${title}</p>
      ${hint && html`<p class="muted">${hint}</p>`}
      ${action}
    </div>
  `;
}

/** Lines that stand for what is not there yet; shown only to who has to wait for it. */
export function Loading({ lines = 3 }: { lines?: number }) {
  return html`
    <div class="loading" role="status">
      <span class="hidden">Loading…</span>
      ${Array.from(
        { length: lines },
        (_, index) => html`<div key=${index} class="loading-line"></div>`,
      )}
    </div>
  `;
}

/** It could not be had. */
export function Failed({ text, retry }: { text: string; retry?: () => void }) {
  return html`
    <div class="empty failed-box" role="alert">
      <${Icon} name="dead" />
      <p class="empty-title">${text}</p>
      ${retry && html`<${Button} icon="retry" onClick=${retry}>Try again<//>`}
    </div>
  `;
}
