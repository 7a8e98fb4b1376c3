/** The limits of a queue, each changed where it stands. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { isRate, type QueueInfo } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { limitQueue } from "../api/system.ts";
import { Button } from "../components/button.ts";
import { Labelled, valueOf } from "../components/field.ts";
import { toast, toastError } from "../notices.ts";

export function Limits({ queue }: { queue: QueueInfo }) {
  const { name, rate_limit, concurrency_limit } = queue;
  return html`
    <div class="limits">
      <${Limit}
        id="rate-limit"
        label="Rate limit"
        description="How many of its tasks may start, over all workers: 10/s, 100/m, 500/h or 1/d."
        value=${rate_limit ?? ""}
        save=${async (text: string) => {
          if (text !== "" && !isRate(text)) throw new Invalid("This is no rate: write 10/m.");
          await limitQueue(name, { rate_limit: text === "" ? null : text });
        }}
      />
      <${Limit}
        id="concurrency-limit"
        label="Concurrency limit"
        description="How many of its tasks may run at the same time, over all workers."
        value=${concurrency_limit === null ? "" : `${concurrency_limit}`}
        save=${async (text: string) => {
          if (!/^\d*$/.test(text)) throw new Invalid("This is no whole number: write 5.");
          await limitQueue(name, { concurrency_limit: text === "" ? null : Number(text) });
        }}
      />
    </div>
  `;
}

/** What was typed cannot be meant. */
class Invalid extends Error {}

interface LimitProps {
  id: string;
  label: string;
  description: string;
  /** Empty for no limit. */
  value: string;
  save(text: string): Promise<void>;
}

function Limit({ id, label, description, value, save }: LimitProps) {
  /** Null while nobody changes it. */
  const typed = useSignal<string | null>(null);
  const error = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const stop = () => {
    typed.value = null;
    error.value = undefined;
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (typed.value === null || busy.value) return;
    busy.value = true;
    try {
      const text = typed.value.trim();
      if (text !== value) {
        await save(text);
        toast({
          kind: "good",
          text: text ? `${label}: ${text}` : `${label} lifted.`,
          undo: () => save(value),
        });
      }
      stop();
    } catch (reason) {
      if (reason instanceof Invalid) error.value = reason.message;
      else if (reason instanceof ApiError && reason.status === 422) {
        error.value = reason.issues[0]?.message ?? reason.message;
      } else toastError(reason);
    }
    busy.value = false;
  };
  if (typed.value === null) {
    return html`
      <div class="limit">
        <p class="limit-label">${label}</p>
        <p class="limit-value">
          ${value ? html`<strong>${value}</strong>` : html`<span class="muted">none</span>`}
          <${Button}
            kind="bare"
            size="small"
            icon="edit"
            label=${`Change the ${label.toLowerCase()}`}
            needs="operator"
            onClick=${() => {
              typed.value = value;
            }}
          />
        </p>
      </div>
    `;
  }
  return html`
    <form class="limit" noValidate onSubmit=${submit}>
      <${Labelled}
        id=${id}
        label=${label}
        description=${`${description} Empty for no limit.`}
        error=${error.value}
      >
        <span class="limit-edit">
          <input
            id=${id}
            autocomplete="off"
            value=${typed}
            ref=${focusOnce}
            aria-invalid=${Boolean(error.value)}
            aria-describedby=${`${id}-description ${id}-error`}
            onInput=${(event: Event) => typed.value = valueOf(event)}
            onKeyDown=${(event: KeyboardEvent) => event.key === "Escape" && stop()}
          />
          <${Button} type="submit" kind="primary" busy=${busy.value}>Save<//>
          <${Button} onClick=${stop}>Cancel<//>
        </span>
      <//>
    </form>
  `;
}

/** Who asked to change it types at once. A function that stays the same is called once only. */
function focusOnce(input: HTMLInputElement | null): void {
  input?.select();
}
