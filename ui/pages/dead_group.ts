/** Dead tasks that failed alike. */

import { html } from "htm/preact";
import { useId } from "preact/hooks";
import type { DeadGroup } from "../../jobs/wire.ts";
import { Button } from "../components/button.ts";
import { Icon } from "../components/icons.ts";
import { Ago } from "../components/time.ts";
import { count, plural } from "../format.ts";
import type { DeadAction } from "../state/dead_actions.ts";
import { GroupTasks } from "./dead_tasks.ts";

interface GroupProps {
  group: DeadGroup;
  isOpen: boolean;
  onToggle(): void;
  onPlan(action: DeadAction): void;
}

export function Group({ group, isOpen, onToggle, onPlan }: GroupProps) {
  const id = useId();
  const { name, error_type, message, last_at } = group;
  return html`
    <li class="card flush dead-group">
      <div class="dead-head">
        <span class="dead-count" title=${plural(group.count, "task")}>${count(group.count)}</span>
        <div class="dead-what">
          <h2>
            <button type="button" aria-expanded=${`${isOpen}`} aria-controls=${id}
              onClick=${onToggle}>
              <${Icon} name=${isOpen ? "down" : "next"} />
              <span><strong>${error_type || "Error"}</strong>${message && `: ${message}`}</span>
            </button>
          </h2>
          <p class="muted">
            ${name}${last_at && html`, last <${Ago} iso=${last_at} />`}
          </p>
        </div>
        <span class="dead-buttons">
          <${Button} size="small" icon="retry" needs="operator"
            label=${`Replay ${plural(group.count, "task")} of ${name} with ${error_type}`}
            onClick=${() => onPlan("replay")}>Replay<//>
          <${Button} size="small" icon="trash" kind="danger" needs="operator"
            label=${`Forget ${plural(group.count, "task")} of ${name} with ${error_type}`}
            onClick=${() => onPlan("forget")}>Forget<//>
        </span>
      </div>
      <div id=${id}>
        ${isOpen && html`<${GroupTasks} group=${group} />`}
      </div>
    </li>
  `;
}
