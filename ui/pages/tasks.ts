import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { LinkButton } from "../components/button.ts";
import { Page } from "../components/page.ts";
import { href } from "../route.ts";
import { loadTaskTypes, useListing } from "../state/listing.ts";
import { TaskList } from "./task_list.ts";
import { Watching } from "./watching.ts";

/** The watched tasks, and the recent ones. */
export function TasksPage() {
  useListing();
  useEffect(() => void loadTaskTypes(), []);
  const start = html`
    <${LinkButton} kind="primary" icon="play" href=${href("start")}>Start a task<//>
  `;
  return html`
    <${Page} title="Tasks" actions=${start}>
      <${Watching} />
      <${TaskList} />
      <//>
  `;
}
