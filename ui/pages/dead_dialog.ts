/** Replaying or forgetting many dead tasks: how many they are, then how far it is. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { Failed } from "../components/absence.ts";
import { Button } from "../components/button.ts";
import { Dialog } from "../components/dialog.ts";
import { count, plural } from "../format.ts";
import { toast } from "../notices.ts";
import { actOnDead, findDead } from "../state/dead_actions.ts";
import type { Plan } from "./dead.ts";

const WORDS = {
  replay: {
    verb: "Replay",
    doing: "Replaying",
    done: (many: number) => many === 1 ? "runs again" : "run again",
    hint: "Each runs again under its id, as a new attempt with the same arguments.",
  },
  forget: {
    verb: "Forget",
    doing: "Forgetting",
    done: (many: number) => many === 1 ? "is forgotten" : "are forgotten",
    hint: "Their arguments, errors and logs are gone then. This cannot be undone.",
  },
};

type Phase = "counting" | "asking" | "running" | "failed";

export function DeadDialog({ action, groups, what, onClose }: Plan & { onClose(): void }) {
  const phase = useSignal<Phase>("counting");
  const found = useSignal(0);
  const looked = useSignal(0);
  const failure = useSignal("");
  const ids = useRef<string[]>([]);
  const stop = useRef(new AbortController());
  const { verb, doing, done, hint } = WORDS[action];

  const attempt = async (step: (signal: AbortSignal) => Promise<void>) => {
    try {
      await step(stop.current.signal);
    } catch (error) {
      phase.value = "failed";
      failure.value = error instanceof Error ? error.message : String(error);
    }
  };
  useEffect(() => {
    void attempt(async (signal) => {
      const onLook = (soFar: number) => found.value = soFar;
      ids.current = await findDead(groups, { signal, onLook });
      phase.value = "asking";
    });
    return () => stop.current.abort();
  }, []);
  const run = () =>
    attempt(async (signal) => {
      if (phase.value !== "asking" || ids.current.length === 0) return;
      phase.value = "running";
      const onStep = (soFar: number) => looked.value = soFar;
      const acted = await actOnDead(action, ids.current, { signal, onStep });
      const text = `${plural(acted, "task")} ${done(acted)}${
        signal.aborted ? ", then stopped" : ""
      }.`;
      toast({ kind: signal.aborted ? "info" : "good", text });
      onClose();
    });
  const close = () => {
    stop.current.abort();
    // What is under way says first how far it came.
    if (phase.value !== "running") onClose();
  };
  return html`
    <${Dialog}
      title=${`${verb} ${what}`}
      onClose=${close}
      onSubmit=${run}
      actions=${phase.value === "running" ? html`<${Button} onClick=${close}>Stop here<//>` : html`
        <${Button} onClick=${close}>Cancel<//>
        <${Button}
          type="submit"
          kind=${action === "replay" ? "primary" : "danger"}
          needs="operator"
          disabledReason=${reasonIn(phase.value, found.value)}
        >${verb} ${plural(found.value, "task")}<//>
      `}
    >
      ${phase.value === "failed"
        ? html`<${Failed} text=${failure.value} />`
        : phase.value === "running"
        ? html`<${Running} text=${doing} done=${looked.value} of=${found.value} />`
        : html`
          <p role="status">
            ${phase.value === "counting"
              ? `Counting… ${count(found.value)} so far.`
              : `${plural(found.value, "dead task")}.`}
          </p>
          <p class="muted">${hint}</p>
        `}
    <//>
  `;
}

function reasonIn(phase: Phase, found: number): string | null {
  if (phase === "counting") return "They are still being counted.";
  if (phase === "failed") return "It went wrong: try again.";
  return found === 0 ? "There is none any more." : null;
}

function Running({ text, done, of }: { text: string; done: number; of: number }) {
  const percent = Math.round(100 * done / Math.max(1, of));
  return html`
    <p>${text}… ${count(done)} of ${count(of)}</p>
    <div class="bar" role="progressbar" aria-label=${text} aria-valuemin="0" aria-valuemax="100"
      aria-valuenow=${percent} data-tone="accent">
      <div style=${{ width: `${percent}%` }}></div>
    </div>
    <p class="muted">What is done stays done when you stop.</p>
  `;
}
