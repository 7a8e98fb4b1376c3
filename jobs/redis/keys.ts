/**
 * Every key that taskapp has in Redis, built here and nowhere else. The hash tag `{0}` puts all of
 * them into one slot, so that a Redis Cluster can hold them and scripts may touch several.
 *
 *     task:<id>             HASH    everything about one task
 *     events:<id>           LIST    its numbered events from the second on, capped
 *     queue:<name>:<prio>   LIST    ids ready to run; the head runs next
 *     active:<worker>       LIST    ids that a worker holds
 *     scheduled             ZSET    ids that wait for their time, by Unix time in ms
 *     scheduled_in          HASH    queue → how many of its ids are in `scheduled`
 *     queues                HASH    every queue ever used → "paused" or ""
 *     turns                 HASH    queue → tasks taken while more than one priority waited
 *     workers               ZSET    worker → end of its lease, Unix time in ms
 *     worker:<name>         HASH    what the worker says of itself
 *     recent                LIST    ids as they were accepted, newest first, capped
 *     recent:<state>        LIST    ids as they ended in that state, newest first, capped
 *     idempotency:<key>     STRING  id of the task that was started under that key
 *     stats                 HASH    counters and duration buckets
 *     schedule:<name>       HASH    everything about one schedule
 *     schedule_runs:<name>  LIST    what became of its last ticks, newest first, capped
 *     schedules             ZSET    every schedule, by name
 *     schedules_due         ZSET    those that come due, by Unix time in ms
 *     schedules_in_code     SET     those that were declared in code
 *     schedule_revision     STRING  the last revision of any schedule
 *     reaped                STRING  when leases were last checked, Unix time in ms
 *     reaping               STRING  lock: who checks leases now; expires within half a second
 *     events, control       CHANNELS
 */
export const PREFIX = "taskapp:{0}:";

export const EVENTS_CHANNEL = `${PREFIX}events`;
export const CONTROL_CHANNEL = `${PREFIX}control`;
export const REAPING_LOCK = `${PREFIX}reaping`;

/** The same for scripts, which are given the prefix as their only key. */
export const LUA_KEYS = `
local P = KEYS[1]
local K = {
  scheduled = P .. 'scheduled', scheduled_in = P .. 'scheduled_in',
  queues = P .. 'queues', turns = P .. 'turns', workers = P .. 'workers',
  recent = P .. 'recent', stats = P .. 'stats', reaped = P .. 'reaped',
  schedules = P .. 'schedules', schedules_due = P .. 'schedules_due',
  schedules_in_code = P .. 'schedules_in_code', schedule_revision = P .. 'schedule_revision',
  events_channel = P .. 'events', control_channel = P .. 'control',
}
function K.task(id) return P .. 'task:' .. id end
function K.events(id) return P .. 'events:' .. id end
function K.queue(name, priority) return P .. 'queue:' .. name .. ':' .. (priority or 'normal') end
function K.active(worker) return P .. 'active:' .. worker end
function K.worker(name) return P .. 'worker:' .. name end
function K.recent_of(state) return P .. 'recent:' .. state end
function K.schedule(name) return P .. 'schedule:' .. name end
function K.schedule_runs(name) return P .. 'schedule_runs:' .. name end
function K.idempotency(key) return P .. 'idempotency:' .. key end
`;
