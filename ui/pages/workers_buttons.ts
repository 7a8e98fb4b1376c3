/** The buttons that tell a worker what to do. */

import { html } from "htm/preact";
import type { WorkerInfo } from "../../jobs/wire.ts";
import { may } from "../access.ts";
import { Button } from "../components/button.ts";
import { Menu } from "../components/menu.ts";
import { shutDown, tell } from "../state/worker_commands.ts";

interface ButtonProps {
  worker: WorkerInfo;
  small?: boolean;
}

function stopping({ mode }: WorkerInfo): string | null {
  return mode === "stopping" ? "It is stopping." : null;
}

export function QuietOrResume({ worker, small = false }: ButtonProps) {
  const { name, mode } = worker;
  const command = mode === "quiet" ? "resume" : "quiet";
  const word = mode === "quiet" ? "Resume" : "Quiet";
  return html`
    <${Button} icon=${mode === "quiet" ? "play" : "pause"} size=${small ? "small" : "normal"}
      needs="operator" label=${`${word} ${name}`} disabledReason=${stopping(worker)}
      onClick=${() => tell(name, { command })}>${word}<//>
  `;
}

export function RestartPool({ worker }: ButtonProps) {
  return html`
    <${Button} icon="retry" needs="operator" disabledReason=${restartRefusal(worker)}
      onClick=${() => tell(worker.name, { command: "restart-pool" })}>Restart pool<//>
  `;
}

export function ShutDown({ worker }: ButtonProps) {
  return html`
    <${Button} icon="stop" kind="danger" needs="operator" disabledReason=${stopping(worker)}
      onClick=${() => shutDown([worker])}>Shut down<//>
  `;
}

/** The rarer ones, in the list. */
export function WorkerMenu({ worker }: ButtonProps) {
  const { name } = worker;
  const allowed = may("operator");
  const reason = allowed === true ? stopping(worker) : allowed;
  return html`
    <${Menu}
      label=${`More for ${name}`}
      items=${[
        {
          label: "Grow by one",
          icon: "add",
          disabledReason: reason,
          run: () => tell(name, { command: "grow", n: 1 }),
        },
        {
          label: "Shrink by one",
          icon: "down",
          disabledReason: reason ?? shrinkRefusal(worker, 1),
          run: () => tell(name, { command: "shrink", n: 1 }),
        },
        {
          label: "Restart pool",
          icon: "retry",
          disabledReason: reason ?? restartRefusal(worker),
          run: () => tell(name, { command: "restart-pool" }),
        },
        null,
        {
          label: "Shut down",
          icon: "stop",
          kind: "danger",
          disabledReason: reason,
          run: () => shutDown([worker]),
        },
      ]}
    />
  `;
}

/** Why so many slots cannot go; null if they can. */
export function shrinkRefusal({ max_concurrency }: WorkerInfo, n: number): string | null {
  return max_concurrency - n >= 1 ? null : "One slot must be left: quiet has it take no tasks.";
}

function restartRefusal(worker: WorkerInfo): string | null {
  return worker.pool === "async"
    ? "An async pool has no threads to replace: restart the worker."
    : stopping(worker);
}
