/** A task's attempts on one axis of time: when each waited and ran, where, and why it ended. */

import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { type Attempt, type Span, spansOf } from "../attempts.ts";
import { Badge, Tag } from "../components/badge.ts";
import { clock, duration, exact, wholeSeconds } from "../format.ts";
import { href } from "../route.ts";
import { now } from "../state/clock.ts";

/** The latest of a long life. */
const MAX_SHOWN = 50;
/** Percent that a piece is wide at least, to be seen. */
const MIN_WIDTH = 0.4;

export function Attempts({ task, attempts }: { task: Task; attempts: Attempt[] }) {
  // What has ended stands still.
  const end = isReady(task.status) ? Date.parse(task.finished_at ?? task.created_at) : now.value;
  const shown = attempts.slice(-MAX_SHOWN);
  const from = Date.parse(shown[0]?.from ?? task.created_at);
  const length = Math.max(1, end - from);
  return html`
    <div class="waterfall">
      <ol>
        ${shown.map((attempt, index) =>
          html`
            <${Row} key=${index} attempt=${attempt} end=${end} from=${from}
              length=${length} />
          `
        )}
      </ol>
      <div class="waterfall-axis" aria-hidden="true">
        <span>${clock(new Date(from).toISOString())}</span>
        <span>+ ${isReady(task.status) ? duration(length) : wholeSeconds(length)}</span>
      </div>
      <p class="waterfall-key muted" aria-hidden="true">
        <span data-kind="delayed">waits for its time</span>
        <span data-kind="waiting">waits for a worker</span>
        <span data-kind="running">runs</span>
      </p>
    </div>
  `;
}

interface RowProps {
  attempt: Attempt;
  /** Unix milliseconds at which the axis ends, and begins; and its length. */
  end: number;
  from: number;
  length: number;
}

function Row({ attempt, end, from, length }: RowProps) {
  const spans = spansOf(attempt, end);
  const { error, worker } = attempt;
  return html`
    <li data-end=${attempt.end ?? "going on"}>
      <div class="waterfall-head">
        <strong>Attempt ${attempt.number}</strong>
        <${End} attempt=${attempt} />
        ${worker &&
          html`<span class="muted">on${" "}<a href=${href("workers", worker)}>${worker}</a></span>`}
        <span class="muted">${inWords(spans)}</span>
      </div>
      <div class="waterfall-track" role="img" aria-label=${inWords(spans)}>
        ${spans.map((span) =>
          html`
            <div
              key=${span.kind}
              data-kind=${span.kind}
              data-state=${stateOf(attempt)}
              title=${`${WORDS[span.kind]} ${duration(span.to - span.from)}, from ${
                exact(new Date(span.from).toISOString())
              }`}
              style=${{
                left: `${100 * (span.from - from) / length}%`,
                width: `${Math.max(MIN_WIDTH, 100 * (span.to - span.from) / length)}%`,
              }}
            ></div>
          `
        )}
      </div>
      ${error && html`<p class="failed">${error.type}: ${error.message}</p>`}
    </li>
  `;
}

const WORDS = { delayed: "Waited for its time", waiting: "Waited", running: "Ran" } as const;

/** "Waited 12 ms, ran 3.1 s". */
function inWords(spans: Span[]): string {
  const parts = spans.map(({ kind, from, to }) =>
    `${WORDS[kind].toLowerCase()} ${duration(to - from)}`
  );
  return parts.join(", ");
}

function stateOf({ end }: Attempt): string {
  return end === null ? "PROGRESS" : end === "GIVEN BACK" ? "RETRY" : end;
}

/** Why it ended, or that it has not. */
function End({ attempt: { end, startedAt } }: { attempt: Attempt }) {
  if (end === "GIVEN BACK") {
    return html`<${Tag} tone="warn">given back: its worker stopped or was lost<//>`;
  }
  if (end !== null) return html`<${Badge} status=${end} />`;
  return html`<${Tag} tone=${startedAt ? "accent" : "muted"}>${startedAt ? "runs" : "waits"}<//>`;
}
