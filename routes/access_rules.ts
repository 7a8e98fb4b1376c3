/** Who may use which route, and what of it the audit trail keeps: one table for the whole interface. */

import type { Role } from "../jobs/wire.ts";

export interface Rule {
  /** The least role that may; `public` is anyone, also without a login. */
  role: Role | "public";
  /** Whether it changes something, and so is refused where the server is read-only. */
  changes: boolean;
  /** What the audit trail calls it; null if it is not kept there. */
  action: string | null;
  /** Kept only where a person did it: what programs start is on record as the task itself. */
  onlyPeople?: true;
}

const PUBLIC: Rule = { role: "public", changes: false, action: null };
const VIEW: Rule = { role: "viewer", changes: false, action: null };

const act = (action: string): Rule => ({ role: "operator", changes: true, action });
const byPeople = (action: string): Rule => ({ ...act(action), onlyPeople: true });
const administer = (action: string): Rule => ({ role: "admin", changes: true, action });

/** By method and path, as OpenAPI writes paths. A route without a rule is a mistake: createApp throws. */
export const RULES: { readonly [route: string]: Rule } = {
  "GET /": PUBLIC,
  "GET /assets/{path}": PUBLIC,
  "GET /healthz": PUBLIC,
  "GET /readyz": PUBLIC,

  "GET /me": PUBLIC,
  "POST /login": { role: "public", changes: false, action: "login" },
  "POST /logout": { role: "public", changes: false, action: "logout" },
  "POST /logout-everywhere": { role: "viewer", changes: false, action: "logout.everywhere" },
  "POST /ws-tickets": VIEW,
  "GET /users": { ...VIEW, role: "admin" },
  "POST /users": administer("user.add"),
  "PATCH /users/{name}": administer("user.change"),
  "DELETE /users/{name}": administer("user.remove"),
  "GET /tokens": { ...VIEW, role: "admin" },
  "POST /tokens": administer("token.add"),
  "DELETE /tokens/{name}": administer("token.remove"),
  "GET /audit": { ...VIEW, role: "operator" },

  "POST /tasks": byPeople("task.start"),
  "POST /tasks/batch": byPeople("task.start"),
  "GET /tasks": VIEW,
  "GET /tasks/counts": VIEW,
  "GET /tasks/{id}": VIEW,
  "GET /tasks/{id}/events": VIEW,
  "POST /tasks/{id}/revoke": byPeople("task.revoke"),
  "POST /tasks/{id}/retry": byPeople("task.retry"),
  "DELETE /tasks/{id}": byPeople("task.forget"),
  "POST /tasks/bulk": act("task.bulk"),

  "GET /dead": VIEW,
  "GET /dead/groups": VIEW,
  "POST /dead/replay": act("dead.replay"),
  "POST /dead/forget": act("dead.forget"),

  "GET /schedules": VIEW,
  "GET /schedules/{name}": VIEW,
  "GET /schedules/{name}/runs": VIEW,
  "GET /schedule-times": VIEW,
  "POST /schedules": act("schedule.add"),
  "PUT /schedules/{name}": act("schedule.put"),
  "PATCH /schedules/{name}": act("schedule.change"),
  "DELETE /schedules/{name}": act("schedule.remove"),
  "POST /schedules/{name}/pause": act("schedule.pause"),
  "POST /schedules/{name}/resume": act("schedule.resume"),
  "POST /schedules/{name}/run": act("schedule.run"),

  "GET /task-types": VIEW,
  "GET /task-types/{name}": VIEW,
  "PATCH /task-types/{name}": act("task_type.limit"),

  "GET /queues": VIEW,
  "PATCH /queues/{name}": act("queue.limit"),
  "POST /queues/{name}/pause": act("queue.pause"),
  "POST /queues/{name}/resume": act("queue.resume"),
  "POST /queues/{name}/purge": act("queue.purge"),

  "GET /workers": VIEW,
  "GET /workers/{name}": VIEW,
  "POST /workers/{name}/{command}": act("worker.command"),

  "GET /stats": VIEW,
  "GET /history": VIEW,
  "GET /system": VIEW,
  "GET /metrics": VIEW,

  "GET /ws": VIEW,
  "GET /ws/task/{id}": VIEW,

  "GET /openapi.json": VIEW,
  "GET /docs": VIEW,
  "GET /docs/start.js": VIEW,
  "GET /docs/swagger-ui-bundle.js": VIEW,
  "GET /docs/swagger-ui.css": VIEW,

  "POST /start-task": byPeople("task.start"),
  "GET /process/{id}": VIEW,
  "GET /{word}": byPeople("task.start"),
};

/** A route as Hono lists it; middleware has the method ALL. */
interface Route {
  method: string;
  path: string;
}

/**
 * The rule of a route.
 * @throws {TypeError} it has none
 */
export function ruleOf({ method, path }: Route): Rule {
  const name = `${method} ${path.replaceAll(/:(\w+)(\{[^/]*\})?/g, "{$1}")}`;
  const rule = RULES[name];
  if (!rule) {
    throw new TypeError(`${name} has no rule that says who may use it: see access_rules.ts`);
  }
  return rule;
}

/** Whether it answers requests, and so must have a rule. */
export function isRoute({ method }: Route): boolean {
  return method !== "ALL";
}
