/** The dead tasks by what they failed of, so that ten thousand of them can be read at a glance. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Broker } from "./broker.ts";
import { MAX_DEAD } from "./dead.ts";
import { type DeadGroup, type DeadGroups, sameMessage } from "./wire.ts";

const PAGE = 500;
const MAX_GROUPS = 500;
/** How long an answer holds: so many times what it took, within bounds. */
const FRESH_TIMES = 20;
const MIN_FRESH_MS = 2000;
const MAX_FRESH_MS = 30_000;

interface Answer {
  groups: Promise<DeadGroups>;
  until: number;
}

const answers = new WeakMap<Broker, Answer>();

/** The newest 10,000 dead tasks in groups. The answer may be some seconds old, as it serves all that ask. */
export function deadGroups(broker: Broker): Promise<DeadGroups> {
  const known = answers.get(broker);
  if (known && performance.now() < known.until) return known.groups;
  const answer: Answer = { groups: group(broker), until: Infinity };
  answers.set(broker, answer);
  const started = performance.now();
  answer.groups.then(() => {
    const now = performance.now();
    const freshMs = Math.max(MIN_FRESH_MS, FRESH_TIMES * (now - started));
    answer.until = now + Math.min(freshMs, MAX_FRESH_MS);
  }, () => answers.delete(broker));
  return answer.groups;
}

/** Has the next answer made anew, after something was done with dead tasks. */
export function outdateDeadGroups(broker: Broker): void {
  answers.delete(broker);
}

async function group(broker: Broker): Promise<DeadGroups> {
  const groups = new Map<string, DeadGroup>();
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await broker.summarize({ dead: true, limit: PAGE, cursor });
    for (const { task_id, name, error, finished_at } of page.tasks) {
      count++;
      const message = sameMessage(error?.message ?? "");
      const key = JSON.stringify([name, error?.type, message]);
      const known = groups.get(key);
      if (known) {
        known.count++;
      } else {
        groups.set(key, {
          name,
          error_type: error?.type ?? "",
          message,
          count: 1,
          last_at: finished_at ?? "",
          example: task_id,
        });
      }
    }
    cursor = page.cursor ?? undefined;
    await nextTurn();
  } while (cursor !== undefined && count < MAX_DEAD);
  const sorted = [...groups.values()].sort((a, b) => b.count - a.count);
  return { count, groups: sorted.slice(0, MAX_GROUPS) };
}
