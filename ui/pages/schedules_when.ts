/** When a schedule is due: the inputs, and beside them what they mean. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { ApiError } from "../api.ts";
import { scheduleTimes } from "../api/schedules.ts";
import { Loading } from "../components/absence.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/page.ts";
import { dueWords } from "../cron_words.ts";
import { definitionOf, sentence, UNITS } from "../schedule_draft.ts";
import type { Values } from "../schema.ts";
import { Choice, type FormState, Input, setField } from "./schedules_inputs.ts";
import { Times } from "./schedules_words.ts";

/** Milliseconds without a change after which the server is asked. */
const SETTLED = 250;

const EXAMPLES: { [cron: string]: string } = {
  "*/5 * * * *": "Every 5 minutes",
  "0 * * * *": "Hourly",
  "0 9 * * *": "Daily",
  "0 9 * * 1-5": "Weekdays",
  "0 9 * * 1": "Weekly",
  "0 9 1 * *": "Monthly",
};

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
const UNIT_OPTIONS = Object.fromEntries(Object.keys(UNITS).map((unit) => [unit, unit]));

export function When({ state }: { state: FormState }) {
  const { by } = state.draft.value;
  const choose = (value: "cron" | "every") => () => setField(state, "by", value);
  return html`
    <${Card} title="When">
      <div class="when">
        <div class="form-part">
          <fieldset class="variants">
            <legend class="hidden">Kind of schedule</legend>
            <label>
              <input type="radio" name="by" checked=${by === "cron"} onChange=${choose("cron")} />
              At times (cron)
            </label>
            <label>
              <input type="radio" name="by" checked=${by === "every"} onChange=${choose("every")} />
              At intervals
            </label>
          </fieldset>
          ${by === "cron" ? html`<${CronInputs} state=${state} />` : html`
            <div class="fields">
              <${Input} state=${state} field="every" label="Every" type="number" min=${1} />
              <${Choice} state=${state} field="unit" label="Unit" options=${UNIT_OPTIONS} />
            </div>
          `}
          <details>
            <summary>Start and end</summary>
            <div class="fields">
              <${Input} state=${state} field="start" label="Not before" type="datetime-local"
                description=${`By your clock (${zoneHere()}).`} />
              <${Input} state=${state} field="end" label="Not after" type="datetime-local" />
            </div>
          </details>
        </div>
        <${Preview} state=${state} />
      </div>
      <//>
  `;
}

function CronInputs({ state }: { state: FormState }) {
  return html`
    <${Input}
      state=${state}
      field="cron"
      label="Cron expression"
      placeholder="0 9 * * 1-5"
      description="Minute, hour, day of month, month, day of week; or six fields with seconds in front."
    />
    <div class="chips" role="group" aria-label="Examples">
      ${Object.entries(EXAMPLES).map(([cron, label]) =>
        html`
          <${Button} key=${cron} size="small" pressed=${state.draft.value.cron === cron}
            onClick=${() => setField(state, "cron", cron)}>${label}<//>
        `
      )}
    </div>
    <${Input}
      state=${state}
      field="timezone"
      label="Time zone"
      placeholder="UTC"
      description="Whose clock it follows: type a part of its name, such as Berlin, and choose one."
      suggestions=${ZONES}
    />
  `;
}

/** The zone of the reader's clock. */
export function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The five times of what stands in the inputs; an old answer is kept while they change. */
interface Foretold {
  times: string[];
  timezone: string;
  busy: boolean;
}

const WHEN_FIELDS = ["cron", "timezone", "every", "start", "end"] as const;

function Preview({ state }: { state: FormState }) {
  const foretold = useSignal<Foretold | null>(null);
  const { definition, errors } = definitionOf(state.draft.value);
  const wanted = JSON.stringify(WHEN_FIELDS.map((field) => definition[field] ?? null));
  const isRight = WHEN_FIELDS.every((field) => !errors[field]);
  useEffect(() => {
    if (!isRight) return;
    let isCurrent = true;
    if (foretold.peek()) {
      foretold.value = { times: [], timezone: "", ...foretold.peek(), busy: true };
    }
    const timer = setTimeout(async () => {
      const timezone = `${definition["timezone"] ?? (definition["cron"] ? "UTC" : zoneHere())}`;
      try {
        const { times } = await scheduleTimes(definition);
        if (!isCurrent) return;
        foretold.value = { times, timezone, busy: false };
        if (times.length > 0) showIssues(state, {});
        else {showIssues(state, {
            [definition["end"] ? "end" : "cron"]: "It would never come due.",
          });}
      } catch (error) {
        if (!isCurrent || !(error instanceof ApiError)) return;
        foretold.value = null;
        showIssues(
          state,
          Object.fromEntries(error.issues.map((each) => [each.path, sentence(each.message)])),
        );
      }
    }, SETTLED);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [wanted, isRight]);
  const { cron = null, every = null } = definition;
  const isWrong = !isRight || WHEN_FIELDS.some((field) => state.errors.value[field]);
  return html`
    <section class="preview" aria-label="Preview" aria-live="polite" aria-busy=${foretold.value
      ?.busy === true}>
      ${isWrong ? html`<p class="muted">The next five times appear here.</p>` : html`
        <p class="preview-words">
          ${dueWords({
            cron: typeof cron === "string" ? cron : null,
            every: typeof every === "number" ? every : null,
          })}
        </p>
        ${foretold.value
          ? html`<${Times} ...${foretold.value} />`
          : html`<${Loading} lines=${5} />`}
      `}
    </section>
  `;
}

/** Puts the server's words at the inputs of this part, and takes older ones away. */
function showIssues({ errors }: FormState, issues: Values): void {
  const others = Object.entries(errors.peek()).filter(([field]) =>
    !WHEN_FIELDS.some((each) => each === field)
  );
  const ours = WHEN_FIELDS.flatMap((field) => issues[field] ? [[field, issues[field]]] : []);
  errors.value = Object.fromEntries([...others, ...ours]);
}
