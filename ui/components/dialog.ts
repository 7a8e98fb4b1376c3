/** A window above the page, which waits for it. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./button.ts";

interface DialogProps {
  title: string;
  /** Called when it is closed, by whatever. */
  onClose(): void;
  /** Buttons below, the one that goes on last. */
  actions?: ComponentChildren;
  /** Called for Enter in one of its inputs, and for a button of the type submit. */
  onSubmit?(): void | Promise<void>;
  size?: "small" | "wide";
  children?: ComponentChildren;
}

/** Shown as long as it is drawn. */
export function Dialog(
  { title, onClose, actions, onSubmit, size = "small", children }: DialogProps,
) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown?.showModal();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    void onSubmit?.();
  };
  return html`
    <dialog
      ref=${dialog}
      class=${`dialog ${size}`}
      aria-labelledby=${id}
      onCancel=${(event: Event) => {
        event.preventDefault();
        onClose();
      }}
      onClick=${(event: Event) => event.target === event.currentTarget && onClose()}
    >
      <form class="dialog-body" noValidate onSubmit=${submit}>
        <div class="dialog-head">
          <h2 id=${id}>${title}</h2>
          <${Button} kind="bare" icon="close" label="Close" onClick=${onClose} />
        </div>
        <div class="dialog-content">${children}</div>
        ${actions && html`<div class="dialog-foot">${actions}</div>`}
      </form>
    </dialog>
  `;
}
