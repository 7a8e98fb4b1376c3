/** A list of any length that draws only the rows on the screen. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** Rows drawn above and below the screen, so that none is missing while somebody scrolls. */
const SPARE = 8;
/** Rows before the end at which more are asked for, so that nobody waits for them. */
const AHEAD = 60;

interface VirtualRowsProps {
  label: string;
  count: number;
  /** Pixels; the same for all. */
  rowHeight: number;
  rowKey(index: number): string;
  row(index: number): ComponentChildren;
  /** Called when the last row comes near, to load more. */
  onEnd?(): void;
}

/** The list lies in the page, which is what scrolls. */
export function VirtualRows({ label, count, rowHeight, rowKey, row, onEnd }: VirtualRowsProps) {
  const list = useRef<HTMLDivElement>(null);
  const first = useSignal(0);
  const last = useSignal(Math.ceil(innerHeight / rowHeight) + SPARE);

  useLayoutEffect(() => {
    const look = () => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      first.value = Math.max(0, Math.floor(-top / rowHeight) - SPARE);
      last.value = Math.ceil((innerHeight - top) / rowHeight) + SPARE;
      if (last.value + AHEAD >= count) onEnd?.();
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [count, rowHeight, onEnd]);

  const shown = [];
  for (let index = first.value; index < Math.min(count, last.value); index++) {
    shown.push(html`
      <div
        key=${rowKey(index)}
        class="virtual-row"
        role="listitem"
        aria-posinset=${index + 1}
        aria-setsize=${count}
        style=${{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}
      >
        ${row(index)}
      </div>
    `);
  }
  return html`
    <div
      ref=${list}
      class="virtual-rows"
      role="list"
      aria-label=${label}
      style=${{ height: `${count * rowHeight}px` }}
    >
      ${shown}
    </div>
  `;
}
