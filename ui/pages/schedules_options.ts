/** How the tasks of a schedule are run, where that differs from what they say themselves. */

import { html } from "htm/preact";
import { PRIORITIES, type TaskType } from "../../jobs/wire.ts";
import { useTopic } from "../state/topics.ts";
import { Choice, type FormState, Input } from "./schedules_inputs.ts";

const AS_DEFINED = { "": "As the task says" };
const PRIORITY = { ...AS_DEFINED, ...Object.fromEntries(PRIORITIES.map((each) => [each, each])) };

const MISFIRE = {
  last: "Run the last of them",
  all: "Run all of them",
  skip: "Run none of them",
};

const UNIQUE = {
  "": "Never: each run is its own task",
  start: "Until the one before starts",
  end: "Until the one before ends",
  seconds: "For so many seconds",
};

/** The inputs, folded until somebody wants them. */
export function Options({ state, type }: { state: FormState; type: TaskType | undefined }) {
  const queues = useTopic("queues")?.map(({ name }) => name) ?? [];
  const { unique } = state.draft.value;
  const number = { state, type: "number", min: 0 };
  return html`
    <details class="card options-card">
      <summary>
        <h2>How its tasks run</h2>
      </summary>
      <div class="form-part">
        <div class="fields">
          <${Choice} state=${state} field="misfire" label="Times that were missed"
            options=${MISFIRE}
            description="Those when nothing was running." />
          <${Input} state=${state} field="queue" label="Queue" placeholder=${type?.queue}
            suggestions=${queues} />
          <${Choice} state=${state} field="priority" label="Priority" options=${PRIORITY} />
        </div>
        <div class="fields">
          <${Input} ...${number} field="max_retries" label="Max retries"
            placeholder=${type && `${type.max_retries}`} />
          <${Input} ...${number} field="time_limit" label="Time limit (seconds)"
            placeholder=${placeholder(type?.time_limit)} />
          <${Input} ...${number} field="soft_time_limit" label="Soft time limit (seconds)"
            placeholder=${placeholder(type?.soft_time_limit)} />
          <${Input} ...${number} field="expires" label="Expires after (seconds)"
            placeholder="never" />
        </div>
        <div class="fields">
          <${Choice} state=${state} field="unique" label="Keep a second one out" options=${UNIQUE} />
          ${unique === "seconds" && html`
            <${Input} ...${number} field="unique_seconds" label="For (seconds)" />
          `}
          ${unique && html`
            <${Input} state=${state} field="unique_key" label="Unique key"
              placeholder="its arguments" />
          `}
          <${Input} state=${state} field="concurrency_key" label="Concurrency key"
            placeholder="none" />
          <${Input} ...${number} field="concurrency_limit" label="At once with that key"
            placeholder="1" />
        </div>
      </div>
    </details>
  `;
}

function placeholder(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? "as the worker" : `${seconds}`;
}
