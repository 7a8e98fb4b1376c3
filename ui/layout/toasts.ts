import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "../components/button.ts";
import { dismiss, holdToasts, type Toast, toastError, toasts } from "../notices.ts";

/** Where toasts appear: above everything, also above dialogs. */
export function Toasts() {
  const box = useRef<HTMLDivElement>(null);
  const shown = toasts.value;
  const newest = shown.at(-1)?.id;
  useLayoutEffect(() => {
    box.current?.hidePopover();
    if (newest !== undefined) box.current?.showPopover();
  }, [newest]);
  return html`
    <div
      class="toasts"
      popover="manual"
      ref=${box}
      onPointerEnter=${() => holdToasts(true)}
      onPointerLeave=${() => holdToasts(false)}
      onFocusIn=${() => holdToasts(true)}
      onFocusOut=${() => holdToasts(false)}
    >
      <div role="status" aria-label="Notices">
        <ul>
          ${shown.map((each) => html`<${Shown} key=${each.id} shown=${each} />`)}
        </ul>
      </div>
    </div>
  `;
}

function Shown({ shown: { id, text, kind, link, undo } }: { shown: Toast }) {
  const takeBack = async () => {
    dismiss(id);
    try {
      await undo?.();
    } catch (error) {
      toastError(error);
    }
  };
  return html`
    <li class="toast" data-kind=${kind}>
      <span>${text}</span>
      ${link && html`<a href=${link.href} onClick=${() => dismiss(id)}>${link.text}</a>`}
      ${undo && html`<${Button} size="small" onClick=${takeBack}>Undo<//>`}
      <${Button} kind="bare" size="small" icon="close" label="Dismiss" onClick=${() =>
        dismiss(id)} />
    </li>
  `;
}
