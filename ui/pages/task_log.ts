import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { clock, exact } from "../format.ts";
import type { LogLine } from "../steps.ts";

/** How near its end, in pixels, a log counts as read to the end. */
const NEAR_END = 40;

/** A task's log lines; it stays at its end while the reader is there. */
export function Log({ lines }: { lines: LogLine[] }) {
  const box = useRef<HTMLOListElement>(null);
  const following = useRef(true);
  useLayoutEffect(() => {
    const list = box.current;
    if (list && following.current) list.scrollTop = list.scrollHeight;
  }, [lines.length]);
  if (lines.length === 0) return html`<p class="muted">No lines yet.</p>`;
  const onScroll = ({ currentTarget: list }: Event) => {
    if (!(list instanceof HTMLElement)) return;
    following.current = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END;
  };
  return html`
    <ol class="log" ref=${box} tabindex="0" aria-label="Log lines" onScroll=${onScroll}>
      ${lines.map(({ at, text }, index) =>
        html`
          <li key=${index}><time datetime=${at} title=${exact(at)}>${clock(at)}</time>${text}</li>
        `
      )}
    </ol>
  `;
}
