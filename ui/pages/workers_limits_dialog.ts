/** Changing the limits of a task for all workers. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { isRate, type TaskType, type TaskTypeLimits } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { limitTaskType } from "../api/workers.ts";
import { Button } from "../components/button.ts";
import { Dialog } from "../components/dialog.ts";
import { Labelled, valueOf } from "../components/field.ts";
import { toast } from "../notices.ts";
import type { Values } from "../schema.ts";

interface LimitsDialogProps {
  type: TaskType;
  onChanged(type: TaskType): void;
  onClose(): void;
}

const FIELDS = {
  rate_limit: {
    label: "Rate limit",
    hint: "Starts in a second, minute, hour or day, such as 10/m.",
    none: "none",
  },
  time_limit: {
    label: "Time limit (seconds)",
    hint: "Runs that start from now on are stopped after it; 0 is no limit.",
    none: "as the worker",
  },
  soft_time_limit: {
    label: "Soft time limit (seconds)",
    hint: "They are asked to stop after it, which must come before the other.",
    none: "as the worker",
  },
} as const;
const NAMES = Object.keys(FIELDS) as (keyof TaskTypeLimits)[];

export function LimitsDialog({ type, onChanged, onClose }: LimitsDialogProps) {
  const values = useSignal<Values>(
    Object.fromEntries(NAMES.map((name) => [name, `${type.set[name] ?? ""}`])),
  );
  const errors = useSignal<Values>({});
  const busy = useSignal(false);
  const save = async () => {
    const { limits, wrong } = read(values.value);
    errors.value = wrong;
    if (busy.value || Object.keys(wrong).length > 0) return;
    busy.value = true;
    try {
      onChanged(await limitTaskType(type.name, limits));
      toast({ kind: "good", text: `The limits of ${type.name} are changed.` });
      onClose();
    } catch (error) {
      const issues = error instanceof ApiError ? error.issues : [];
      errors.value = issues.length > 0
        ? Object.fromEntries(issues.map(({ path, message }) => [path, message]))
        : { rate_limit: error instanceof Error ? error.message : String(error) };
    }
    busy.value = false;
  };
  return html`
    <${Dialog}
      title=${`Limits of ${type.name}`}
      onClose=${onClose}
      onSubmit=${save}
      actions=${html`
        <${Button} onClick=${onClose}>Cancel<//>
        <${Button} type="submit" kind="primary" needs="operator" busy=${busy.value}>Save<//>
      `}
    >
      <p class="muted">They count for all workers, at once. Empty is as its definition says.</p>
      ${NAMES.map((name) =>
        html`
          <${Labelled}
            key=${name}
            id=${`limit-${name}`}
            label=${FIELDS[name].label}
            description=${FIELDS[name].hint}
            error=${errors.value[name]}
          >
            <input
              id=${`limit-${name}`}
              autocomplete="off"
              inputmode=${name === "rate_limit" ? "text" : "decimal"}
              placeholder=${`${type.defined[name] ?? FIELDS[name].none}`}
              aria-invalid=${Boolean(errors.value[name])}
              aria-describedby=${`limit-${name}-description`}
              value=${values.value[name]}
              onInput=${(event: Event) => {
                values.value = { ...values.value, [name]: valueOf(event) };
              }}
            />
            <//>
        `
      )}
    <//>
  `;
}

/** What was typed; empty takes a limit back. */
function read(values: Values): { limits: TaskTypeLimits; wrong: Values } {
  const wrong: Values = {};
  const rate = (values["rate_limit"] ?? "").trim();
  if (rate && !isRate(rate)) wrong["rate_limit"] = "Must be a rate such as 10/m or 0.5/s.";
  const seconds = (name: "time_limit" | "soft_time_limit") => {
    const text = (values[name] ?? "").trim();
    if (text && !(Number(text) >= 0)) wrong[name] = "Must be seconds, 0 for no limit.";
    return text ? Number(text) : null;
  };
  return {
    limits: {
      rate_limit: isRate(rate) ? rate : null,
      time_limit: seconds("time_limit"),
      soft_time_limit: seconds("soft_time_limit"),
    },
    wrong,
  };
}
