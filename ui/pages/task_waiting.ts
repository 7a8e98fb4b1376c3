/** What a task waits for that has not started, asked for again while it waits. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { Task, WaitingFor } from "../../jobs/wire.ts";
import { getTask } from "../api/tasks.ts";
import { plural } from "../format.ts";
import { href } from "../route.ts";
import { attempt } from "../state/connection.ts";

const ASK_EVERY_MS = 3000;

export function Waiting({ task }: { task: Task }) {
  const { task_id: id, status } = task;
  const waiting = useSignal<WaitingFor | null>(null);
  useEffect(() => {
    const ask = () =>
      attempt(async () => {
        waiting.value = (await getTask(id)).waiting_for;
      }, () => {});
    void ask();
    const timer = setInterval(
      () => document.visibilityState === "visible" && void ask(),
      ASK_EVERY_MS,
    );
    return () => clearInterval(timer);
  }, [id, status]);
  if (!waiting.value) return null;
  const { reason, position } = waiting.value;
  if (reason === "time" && position === null) return null; // its progress says when it starts
  return html`
    <p class="wait muted">
      ${reason && reasonInWords(reason, task)}
      ${position !== null &&
        ` ${
          position === 0
            ? "It is next in its queue."
            : `${plural(position, "task")} of its queue ${position === 1 ? "is" : "are"} before it.`
        }`}
    </p>
  `;
}

function reasonInWords(reason: NonNullable<WaitingFor["reason"]>, { name, queue }: Task) {
  const link = html`<a href=${href("queues", queue)}>${queue}</a>`;
  switch (reason) {
    case "paused":
      return html`The queue ${link} is paused.`;
    case "rate":
      return html`A rate limit of the queue ${link} or of ${name} holds it back.`;
    case "concurrency":
      return html`As many as may run at the same time do so, by its key or in the queue ${link}.`;
    case "no worker":
      return html`No worker takes tasks of the queue ${link}.`;
    case "workers busy":
      return html`All workers of the queue ${link} are busy.`;
    case "time":
      return null;
  }
}
