/** What to do first, while there is no task: none yet, or none that is still kept. */

import { html } from "htm/preact";
import { LinkButton } from "../components/button.ts";
import { CopyButton } from "../components/copy_button.ts";
import { Icon } from "../components/icons.ts";
import { Card } from "../components/page.ts";

const WORK = "taskapp work";

export function FirstSteps({ hasWorker }: { hasWorker: boolean }) {
  return html`
    <${Card} title="There are no tasks here">
      <ol class="first-steps">
        <li data-done=${hasWorker}>
          <${Icon} name=${hasWorker ? "done" : "workers"} />
          ${hasWorker ? html`<p>A worker is up.</p>` : html`
            <div>
              <p>Start a worker, on any machine that reaches the same broker:</p>
              <p class="command">
                <code>${WORK}</code>
                <${CopyButton} text=${WORK} label="Copy the command" />
              </p>
            </div>
          `}
        </li>
        <li>
          <${Icon} name="play" />
          <div>
            <p>Start a task here, with <code>taskapp call</code>, from code or <a href="/docs">over HTTP</a>.</p>
            <${LinkButton} href="#/start">Choose a task<//>
          </div>
        </li>
      </ol>
    <//>
  `;
}
