/** Dead tasks, those that have failed for good, by what they failed of. */

import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { DeadGroup, DeadGroups } from "../../jobs/wire.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Button } from "../components/button.ts";
import { valueOf } from "../components/field.ts";
import { Card, Page } from "../components/page.ts";
import { fitting, keyOf, sizeOf } from "../dead_groups.ts";
import { count, plural } from "../format.ts";
import { route, setQuery } from "../route.ts";
import type { DeadAction } from "../state/dead_actions.ts";
import { useTopic } from "../state/topics.ts";
import { DeadDialog } from "./dead_dialog.ts";
import { Group } from "./dead_group.ts";

/** What is about to be done: with these groups, or with all tasks. */
export interface Plan {
  action: DeadAction;
  groups: DeadGroup[] | null;
  /** In words, such as "3 tasks". */
  what: string;
}

/** Groups that are drawn at first. */
const FIRST = 50;

export function DeadPage() {
  const dead = useTopic("dead");
  const plan = useSignal<Plan | null>(null);
  const typed = route.value.query.get("q") ?? "";
  const found = fitting(dead?.groups ?? [], typed);
  return html`
    <${Page}
      title="Dead tasks"
      subtitle="Tasks that have failed for good: look at them, run them again, or forget them."
      actions=${dead && dead.count > 0 && html`
        <${Actions} dead=${dead} found=${found} typed=${typed} plan=${plan} />
      `}
    >
      ${dead === null
        ? html`
          <${Card}>
            <${Loading} lines=${6} />
            <//>
        `
        : dead.count === 0
        ? html`
          <${Empty}
            icon="done"
            title="No dead tasks. Well done!"
            hint="Everything that failed was run again until it worked, or nothing failed at all."
          />
        `
        : html`<${Groups} dead=${dead} found=${found} typed=${typed} plan=${plan} />`}
      ${plan.value && html`
        <${DeadDialog} ...${plan.value} onClose=${() => {
          plan.value = null;
        }} />
      `}
    <//>
  `;
}

interface PartProps {
  dead: DeadGroups;
  /** The groups that fit what was typed. */
  found: DeadGroup[];
  typed: string;
  plan: Signal<Plan | null>;
}

/** With everything, or with what fits. */
function Actions({ dead, found, typed, plan }: PartProps) {
  const nothing = found.length === 0 ? "No dead task fits the search." : null;
  const which = typed ? `${count(sizeOf(found))} that fit` : `all ${count(dead.count)}`;
  const set = (action: DeadAction) => () => {
    plan.value = {
      action,
      groups: typed ? found : null,
      what: typed ? "the dead tasks that fit" : "all dead tasks",
    };
  };
  return html`
    <${Button} icon="trash" kind="danger" needs="operator" disabledReason=${nothing}
      onClick=${set("forget")}>Forget ${which}<//>
    <${Button} icon="retry" kind="primary" needs="operator" disabledReason=${nothing}
      onClick=${set("replay")}>Replay ${which}<//>
  `;
}

function Groups({ dead, found, typed, plan }: PartProps) {
  const most = useSignal(FIRST);
  const open = route.value.query.get("open");
  return html`
    <div class="dead-search">
      <input
        type="search"
        aria-label="Search by task or error"
        placeholder="Search by task or error"
        value=${typed}
        onInput=${(event: Event) => setQuery({ q: valueOf(event) })}
      />
      <p class="muted">
        ${plural(sizeOf(found), "task")} in ${plural(found.length, "group")}
        ${typed && ` of ${count(dead.count)}`}
      </p>
    </div>
    ${found.length === 0 && html`
      <${Empty} icon="search" title="No dead task fits." hint="Change the search above." />
    `}
    <ul class="dead-groups">
      ${found.slice(0, most.value).map((group) => {
        const key = keyOf(group);
        return html`
          <${Group}
            key=${key}
            group=${group}
            isOpen=${open === key}
            onToggle=${() => setQuery({ open: open === key ? null : key })}
            onPlan=${(action: DeadAction) => {
              plan.value = { action, groups: [group], what: `${group.name}: ${group.error_type}` };
            }}
          />
        `;
      })}
    </ul>
    ${found.length > most.value && html`
      <${Button} onClick=${() => most.value += FIRST}>Show more of ${count(found.length)}<//>
    `}
  `;
}
