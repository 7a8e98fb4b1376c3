/**
 * Every key that taskapp has in Redis, built here and nowhere else. The hash tag `{0}` puts all of
 * them into one slot, so that a Redis Cluster can hold them and scripts may touch several.
 *
 *     task:<id>             HASH    everything about one task
 *     events:<id>           LIST    its numbered events but for those that its hash tells, capped
 *     queue:<name>:<prio>   LIST    ids ready to run; the head runs next
 *     lane:<name>:<prio> <lane>   LIST  the same for ids that take turns: the lane is `key` and a
 *                                 concurrency key, or `task` and the name of a rate limited task
 *     lanes:<name>:<prio>   HASH    lane → how many wait in it
 *     rotation:<name>:<prio>  LIST  lanes whose turn may come; the head is next
 *     blocked:<key>         LIST    `<name>:<prio> <lane>` of lanes that wait for a place of that key
 *     held:<name>           LIST    the same of lanes that the rate of a task name holds back
 *     active:<worker>       LIST    ids that a worker holds
 *     scheduled             ZSET    ids that wait for their time, by Unix time in ms
 *     expiring              ZSET    ids that expire, by Unix time in ms
 *     gates                 ZSET    `queue <queue>`, `task <name>` that a rate holds back, by Unix time in ms
 *     scheduled_in          HASH    queue → how many of its ids are in `scheduled`
 *     active_in             HASH    queue → how many of its tasks are running
 *     laned_in              HASH    queue → how many ids its lanes hold
 *     stale_in              HASH    queue → how many ids in its lists and lanes do not wait any more
 *     running               HASH    concurrency key → how many of its tasks are running
 *     queues                HASH    every queue ever used → "paused" or ""
 *     turns                 HASH    queue → tasks taken while several lists of it waited
 *     limits                HASH    `rate <queue>`, `concurrency <queue>`, `task <name>` (its rate),
 *                                   `time <name>`, `soft <name>` (its time limits) → the limit
 *     rates                 HASH    `queue <queue>`, `task <name>` → when the next may start, ms
 *     workers               ZSET    worker → end of its lease, Unix time in ms
 *     worker:<name>         HASH    what the worker says of itself
 *     commands:<worker>     LIST    `<Unix time in ms> <command>` for that worker; expires after 10 s
 *     command:<id>          STRING  that there was a command of that id; expires after 10 s
 *     recent                LIST    ids as they were accepted, newest first, capped
 *     recent:<state>        LIST    ids as they ended in that state, newest first, capped
 *     idempotency:<key>     STRING  id of the task that was started under that key
 *     unique:<key>          STRING  id of the task that keeps others with that key out
 *     stats                 HASH    counters and duration buckets
 *     samples:<ms>          LIST    samples over time, one in so many ms, newest first, capped
 *     sampled               STRING  the step of the last sample that was begun
 *     schedule:<name>       HASH    everything about one schedule
 *     schedule_runs:<name>  LIST    what became of its last ticks, newest first, capped
 *     schedules             ZSET    every schedule, by name
 *     schedules_due         ZSET    those that come due, by Unix time in ms
 *     schedules_in_code     SET     those that were declared in code
 *     schedule_revision     STRING  the last revision of any schedule
 *     scheduling            STRING  lock: who enqueues what schedules have due; expires within a second
 *     access                HASH    `user <name>`, `token <name>`, `epoch <user>`, `secret` → a record of
 *                                   who may come in; `revision` → how often they were changed
 *     spent:<key>           STRING  a ticket for a socket that was used; expires with it
 *     audit                 STREAM  what people did, capped
 *     reaped                STRING  when leases were last checked, Unix time in ms
 *     reaping               STRING  lock: who checks leases now; expires within half a second
 *     events, control       CHANNELS
 */
export const PREFIX = "taskapp:{0}:";

export const EVENTS_CHANNEL = `${PREFIX}events`;
export const CONTROL_CHANNEL = `${PREFIX}control`;

/** For scripts, which name keys as `K.stats` and `K.task(id)`: each `%` is a part that they give. */
const KEYS: Record<string, string> = {
  access: "access",
  active: "active:%",
  active_in: "active_in",
  audit: "audit",
  blocked: "blocked:%",
  command: "command:%",
  commands: "commands:%",
  control_channel: "control",
  events: "events:%",
  events_channel: "events",
  expiring: "expiring",
  gates: "gates",
  held: "held:%",
  idempotency: "idempotency:%",
  lane: "lane:%:% %",
  laned_in: "laned_in",
  lanes: "lanes:%:%",
  limits: "limits",
  nothing: "", // a key that there never is
  queue: "queue:%:%",
  queues: "queues",
  rates: "rates",
  reaped: "reaped",
  reaping: "reaping",
  recent: "recent",
  recent_of: "recent:%",
  rotation: "rotation:%:%",
  running: "running",
  sampled: "sampled",
  samples: "samples:%",
  schedule: "schedule:%",
  schedule_revision: "schedule_revision",
  schedule_runs: "schedule_runs:%",
  scheduled: "scheduled",
  scheduled_in: "scheduled_in",
  schedules: "schedules",
  schedules_due: "schedules_due",
  schedules_in_code: "schedules_in_code",
  scheduling: "scheduling",
  spent: "spent:%",
  stale_in: "stale_in",
  stats: "stats",
  task: "task:%",
  turns: "turns",
  unique: "unique:%",
  worker: "worker:%",
  workers: "workers",
};

/**
 * Writes out the keys that a script names, so that no call has to make a table of them first.
 * @throws {Error} it names one that there is not, or gives it other parts
 */
export function withKeys(lua: string): string {
  return lua.replaceAll(
    /\bK\.(\w+)(?:\(((?:[^()]|\([^()]*\))*)\))?/g,
    (text, name: string, given?: string) => {
      const parts = given?.split(/,\s*/) ?? [];
      const [first, ...rest] = KEYS[name]?.split("%") ?? [];
      if (first === undefined || rest.length !== parts.length) throw new Error(`no key: ${text}`);
      const words = rest.map((word, i) => ` .. ${parts[i]}` + (word && ` .. '${word}'`));
      return `('${PREFIX}${first}'${words.join("")})`;
    },
  );
}
