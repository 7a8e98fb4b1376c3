/** Running a task again with other arguments. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { Task } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { Button } from "../components/button.ts";
import { Dialog } from "../components/dialog.ts";
import { type Input, inputFor, readInput } from "../inputs.ts";
import { toast } from "../notices.ts";
import type { Values } from "../schema.ts";
import { retryWith } from "../state/task_actions.ts";
import { useTaskTypes } from "../state/task_types.ts";
import { ArgumentsForm } from "./arguments_form.ts";

export function RetryDialog({ task, onClose }: { task: Task; onClose(): void }) {
  const type = useTaskTypes()?.find(({ name }) => name === task.name);
  // A task that this server does not know is edited as JSON.
  const schema = type?.schema ?? {};
  const edited = useSignal<Input | null>(null);
  const errors = useSignal<Values>({});
  const refusal = useSignal("");
  const busy = useSignal(false);
  const input = edited.value ?? inputFor(schema, task.args);

  const submit = async () => {
    if (busy.value) return;
    const read = readInput(schema, input);
    errors.value = read.errors;
    refusal.value = "";
    if (Object.keys(read.errors).length > 0) return;
    busy.value = true;
    try {
      await retryWith(task.task_id, read.args);
      toast({ kind: "good", text: `${task.name} runs again.` });
      onClose();
    } catch (error) {
      const issues = error instanceof ApiError ? error.issues : [];
      const known = Object.fromEntries(issues.map(({ path, message }) => [path, message]));
      errors.value = known;
      // What has no field is said below.
      const { [`args`]: whole } = known;
      refusal.value = whole ??
        (issues.length > 0 ? "" : error instanceof Error ? error.message : String(error));
    }
    busy.value = false;
  };
  return html`
    <${Dialog}
      title=${`Retry ${task.name} with other arguments`}
      size="wide"
      onClose=${onClose}
      onSubmit=${submit}
      actions=${html`
        <${Button} onClick=${onClose}>Back<//>
        <${Button} kind="primary" type="submit" icon="retry" needs="operator" busy=${busy.value}>
          Retry
        <//>
      `}
    >
      <${ArgumentsForm}
        schema=${schema}
        input=${input}
        errors=${errors.value}
        onInput=${(next: Input) => edited.value = next}
      />
      <p class="refusal" role="alert">${refusal.value}</p>
      <//>
  `;
}
