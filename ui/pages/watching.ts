import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { Button } from "../components/button.ts";
import { valueOf } from "../components/field.ts";
import { watch, watched } from "../state/watched.ts";
import { TaskCard } from "./task_card.ts";

/** The watched tasks, and where to add one by its id. */
export function Watching() {
  return html`
    <section aria-labelledby="watching">
      <div class="section-head">
        <h2 id="watching">Watching</h2>
        <${Observe} />
      </div>
      ${watched.value.length === 0
        ? html`<p class="muted">Tasks that you start, or observe by id, appear here.</p>`
        : html`<ul class="cards">
            ${watched.value.map((id) => html`<${TaskCard} key=${id} id=${id} />`)}
          </ul>`}
    </section>
  `;
}

function Observe() {
  const id = useSignal("");
  const submit = (event: Event) => {
    event.preventDefault();
    const given = id.value.trim();
    if (given) watch(given);
    id.value = "";
  };
  return html`
    <form class="observe" onSubmit=${submit}>
      <input
        aria-label="Task id to observe"
        placeholder="Paste a task id"
        maxlength="128"
        spellcheck=${false}
        autocomplete="off"
        value=${id}
        onInput=${(event: Event) => id.value = valueOf(event)}
      />
      <${Button} type="submit">Observe<//>
    </form>
  `;
}
