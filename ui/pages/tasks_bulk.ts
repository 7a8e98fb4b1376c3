/** The question before something is done with many tasks, with their number, and then its progress. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import type { BulkAction } from "../../jobs/wire.ts";
import { Failed } from "../components/absence.ts";
import { Button } from "../components/button.ts";
import { Dialog } from "../components/dialog.ts";
import { count, plural } from "../format.ts";
import { toast } from "../notices.ts";
import { type BulkSum, type BulkTarget, runBulk } from "../state/bulk.ts";

const WORDS: { [A in BulkAction]: { verb: string; done: string; doing: string; rest: string } } = {
  cancel: {
    verb: "Cancel",
    done: "cancelled",
    doing: "Cancelling",
    rest: "ended already",
  },
  retry: {
    verb: "Retry",
    done: "to be run again",
    doing: "Retrying",
    rest: "not ended yet",
  },
  delete: {
    verb: "Delete",
    done: "deleted",
    doing: "Deleting",
    rest: "not ended yet",
  },
};

interface BulkDialogProps {
  action: BulkAction;
  target: BulkTarget;
  /** In words, such as "the 3 selected tasks". */
  what: string;
  /** @param changed whether anything was done */
  onClose(changed: boolean): void;
}

type Phase = "counting" | "asking" | "running";

const NONE: BulkSum = { matched: 0, done: 0, skipped: 0, looked: 0 };

export function BulkDialog({ action, target, what, onClose }: BulkDialogProps) {
  const phase = useSignal<Phase>("counting");
  const counted = useSignal(NONE);
  const ran = useSignal(NONE);
  const failure = useSignal("");
  const stop = useRef(new AbortController());
  const { verb, done, doing, rest } = WORDS[action];

  const attempt = async (isDryRun: boolean) => {
    const { signal } = stop.current;
    const sum = isDryRun ? counted : ran;
    failure.value = "";
    try {
      await runBulk(action, target, { isDryRun, signal, onStep: (now) => sum.value = now });
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
      return;
    }
    if (isDryRun) {
      phase.value = "asking";
    } else {
      toast({
        kind: signal.aborted ? "info" : "good",
        text: `${plural(sum.value.done, "task")} ${done}${signal.aborted ? ", then stopped" : ""}.`,
      });
      onClose(true);
    }
  };
  useEffect(() => {
    void attempt(true);
    return () => stop.current.abort();
  }, []);

  const close = () => {
    stop.current.abort();
    if (phase.value !== "running" || failure.value) onClose(phase.value === "running");
  };
  const run = async () => {
    if (phase.value !== "asking" || counted.value.done === 0) return;
    phase.value = "running";
    await attempt(false);
  };
  const { matched, done: possible, looked } = counted.value;
  const left = matched - possible;
  const label = phase.value === "asking" ? `${verb} ${plural(possible, "task")}` : verb;
  return html`
    <${Dialog}
      title=${`${verb} ${what}`}
      onClose=${close}
      onSubmit=${run}
      actions=${phase.value === "running" ? html`<${Button} onClick=${close}>Stop here<//>` : html`
        <${Button} onClick=${close}>Back<//>
        <${Button}
          kind=${action === "retry" ? "primary" : "danger"}
          type="submit"
          needs="operator"
          disabledReason=${phase.value === "counting"
            ? "They are still being counted."
            : possible === 0
            ? "There is none with which this can be done."
            : null}
        >${label}<//>
      `}
    >
      ${failure.value
        ? html`<${Failed} text=${failure.value} />`
        : phase.value === "counting"
        ? html`
          <p role="status">
            Counting… ${plural(possible, "task")} so far, ${count(looked)} looked at.
          </p>
        `
        : phase.value === "asking"
        ? html`
          <p role="status">
            ${possible === 0 ? "There is no task" : plural(possible, "task")} to ${verb
              .toLowerCase()}.
            ${left > 0 && ` ${plural(left, "other")} ${left === 1 ? "has" : "have"} ${rest}.`}
          </p>
          <p class="muted">${HINTS[action]}</p>
        `
        : html`<${Running} title=${doing} done=${ran.value.done} of=${possible} />`}
    <//>
  `;
}

const HINTS: { [A in BulkAction]: string } = {
  cancel: "Those that run are stopped, those that wait are not started. They can be retried later.",
  retry: "Each is run again under its id, as a new attempt with the same arguments.",
  delete: "Their results, errors and logs are gone then. This cannot be undone.",
};

function Running({ title, done, of }: { title: string; done: number; of: number }) {
  const percent = of > 0 ? Math.min(100, Math.round(100 * done / of)) : 0;
  return html`
    <div class="bulk-running" data-tone="accent">
      <p>${title}… ${count(done)} of ${count(of)}</p>
      <div class="bar" role="progressbar" aria-label=${title} aria-valuemin="0" aria-valuemax="100"
        aria-valuenow=${percent}>
        <div style=${{ width: `${percent}%` }}></div>
      </div>
      <p class="muted">What is done stays done when you stop.</p>
    </div>
  `;
}
