/** Starting tasks, and watching them. */

import { html } from "htm/preact";
import { Empty, Loading } from "../components/absence.ts";
import { Labelled, valueOf } from "../components/field.ts";
import { Card, Page } from "../components/page.ts";
import type { PageProps } from "../pages.ts";
import { go, href } from "../route.ts";
import { useTaskTypes } from "../state/task_types.ts";
import { StartForm } from "./start_form.ts";
import { Watching } from "./watching.ts";

export function StartPage({ id }: PageProps) {
  const types = useTaskTypes();
  const type = types?.find(({ name }) => name === id) ?? types?.[0];
  return html`
    <${Page} title="Start a task">
      <div class="start-columns">
        <${Card} class="start">
          ${!types ? html`<${Loading} lines=${5} />` : !type
            ? html`
              <${Empty} icon="tasks" title="No task is defined yet"
                hint=${html`Define one in <code>jobs/tasks/</code>, and restart taskapp.`} />
            `
            : html`
              ${id && id !== type.name && html`
                <p class="error" role="alert">There is no task ${id} here.</p>
              `}
              <${Labelled} label="Task" id="task" description=${type.description}>
                <select
                  id="task"
                  aria-describedby="task-description"
                  value=${type.name}
                  onChange=${(event: Event) => go(href("start", valueOf(event)))}
                >
                  ${types.map(({ name }) =>
                    html`<option key=${name} value=${name}>${name}</option>`
                  )}
                </select>
                <//>
                <${StartForm} key=${type.name} type=${type} />
            `}
        <//>
        <${Watching} />
      </div>
    <//>
  `;
}
