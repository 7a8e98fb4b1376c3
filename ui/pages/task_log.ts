/** A task's log lines, as they come. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "../components/button.ts";
import { CopyButton } from "../components/copy_button.ts";
import { valueOf } from "../components/field.ts";
import { Card } from "../components/page.ts";
import { clock, count, exact } from "../format.ts";
import type { LogLine } from "../steps.ts";

/** How near its end, in pixels, a log counts as read to the end. */
const NEAR_END = 40;
/** Lines that are drawn, the latest; all of them can be copied. */
const MAX_DRAWN = 2000;

export function Log({ lines, id }: { lines: LogLine[]; id: string }) {
  const wanted = useSignal("");
  const follows = useSignal(true);
  const list = useRef<HTMLOListElement>(null);
  const word = wanted.value.trim().toLowerCase();
  const fitting = word ? lines.filter(({ text }) => text.toLowerCase().includes(word)) : lines;
  const drawn = fitting.slice(-MAX_DRAWN);
  const text = fitting.map(({ at, text }) => `${at} ${text}`).join("\n");
  useLayoutEffect(() => {
    if (list.current && follows.value) list.current.scrollTop = list.current.scrollHeight;
  }, [fitting.length, follows.value]);
  const onScroll = ({ currentTarget: box }: Event) => {
    if (!(box instanceof HTMLElement)) return;
    follows.value = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
  };
  const tools = lines.length > 0 && html`
    <input
      type="search"
      class="log-filter"
      aria-label="Filter the log"
      placeholder="Filter"
      value=${wanted}
      onInput=${(event: Event) => wanted.value = valueOf(event)}
    />
    <${Button} size="small" pressed=${follows.value} onClick=${() => {
      follows.value = !follows.value;
    }}>Follow<//>
    <${CopyButton} text=${text} label="Copy the log" />
    <${Button} size="small" onClick=${() => download(`${id}.log`, text)}>Download<//>
  `;
  return html`
    <${Card} title="Log" actions=${tools}>
      ${lines.length === 0
        ? html`<p class="muted">No lines. A task writes them with <code>ctx.log()</code>.</p>`
        : html`
          ${fitting.length > drawn.length && html`
            <p class="muted">The last ${count(drawn.length)} of ${count(fitting.length)} lines.</p>
          `}
          ${fitting.length === 0 && html`<p class="muted">No line has this.</p>`}
          <ol class="log" ref=${list} tabindex="0" aria-label="Log lines" onScroll=${onScroll}>
            ${drawn.map(({ at, text }, index) =>
              html`
                <li key=${index}><time datetime=${at} title=${exact(at)}>${clock(
                  at,
                )}</time>${text}</li>
              `
            )}
          </ol>
        `}
    <//>
  `;
}

/** Hands a text to the reader as a file. */
function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
