/** The page: what is drawn where, and its start. */

import { html } from "htm/preact";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { Banner, Header } from "./components/header.ts";
import { StartForm } from "./components/start_form.ts";
import { TaskList } from "./components/task_list.ts";
import { TaskPage } from "./components/task_page.ts";
import { Watching } from "./components/watching.ts";
import { known, notice, openId, start } from "./state.ts";

function App() {
  const id = openId.value;
  useTitle(id);
  // An opened task begins at its top; the way back leads to where the list was.
  useEffect(() => scrollTo(0, 0), [id !== null]);
  return html`
    <${Header} />
    <${Banner} />
    <main>
      ${id ? html`<${TaskPage} key=${id} id=${id} />` : html`<${Overview} />`}
    </main>
    <div class="notice" role="alert">${notice.value && html`<p>${notice}</p>`}</div>
  `;
}

function Overview() {
  return html`
    <div class="overview">
      <h1 class="hidden">Tasks</h1>
      <${StartForm} />
      <div class="lists">
        <${Watching} />
        <${TaskList} />
      </div>
    </div>
  `;
}

function useTitle(id: string | null): void {
  const task = id ? known(id).value.task : null;
  const title = task ? `${task.name}: ${task.status} – taskapp` : "taskapp";
  useEffect(() => {
    document.title = title;
  }, [title]);
}

const root = document.getElementById("app");
if (root) render(html`<${App} />`, root);
start();
