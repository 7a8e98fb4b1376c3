-- What version 2 adds to schema.sql, which is version 1. New files get both; one of version 1 gets
-- this, in one transaction, when it is opened.

-- Flow control: limits, unique tasks, dead tasks.

ALTER TABLE tasks ADD COLUMN on_lost TEXT NOT NULL DEFAULT 'requeue';
ALTER TABLE tasks ADD COLUMN concurrency_key TEXT;
ALTER TABLE tasks ADD COLUMN concurrency_limit INTEGER;
ALTER TABLE tasks ADD COLUMN rate_limit TEXT;      -- its own
ALTER TABLE tasks ADD COLUMN unique_key TEXT;
ALTER TABLE tasks ADD COLUMN unique_until ANY;     -- 'start', 'end', or a time
ALTER TABLE tasks ADD COLUMN lane TEXT;            -- of those that a limit may hold back: 'key KEY' or
                                                   -- 'task NAME'; while it does not wait, the last one
ALTER TABLE tasks ADD COLUMN dead INTEGER;         -- 1 while it is kept for longer because it failed

DROP INDEX tasks_ready;
CREATE INDEX tasks_ready ON tasks (queue, priority, position)
  WHERE status = 'PENDING' AND due IS NULL AND lane IS NULL;
CREATE INDEX tasks_in_lanes ON tasks (queue, priority, lane, position)
  WHERE status = 'PENDING' AND due IS NULL AND lane IS NOT NULL;
CREATE INDEX tasks_expiring ON tasks (expires)
  WHERE expires IS NOT NULL AND status IN ('PENDING', 'RETRY');
CREATE INDEX tasks_dead ON tasks (place) WHERE dead IS NOT NULL;

ALTER TABLE queues ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;    -- how many of its tasks are
ALTER TABLE queues ADD COLUMN scheduled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queues ADD COLUMN active INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queues ADD COLUMN concurrency_limit INTEGER;
ALTER TABLE queues ADD COLUMN rate_limit TEXT;
ALTER TABLE queues ADD COLUMN next_start REAL NOT NULL DEFAULT 0;    -- see limits.ts

UPDATE queues SET waiting = counted.n FROM (
  SELECT queue, count(*) AS n FROM tasks
  WHERE status = 'PENDING' AND due IS NULL AND lane IS NULL GROUP BY queue
) AS counted WHERE counted.queue = queues.name;
UPDATE queues SET scheduled = counted.n FROM (
  SELECT queue, count(*) AS n FROM tasks WHERE due IS NOT NULL GROUP BY queue
) AS counted WHERE counted.queue = queues.name;
UPDATE queues SET active = counted.n FROM (
  SELECT queue, count(*) AS n FROM tasks WHERE status IN ('STARTED', 'PROGRESS') GROUP BY queue
) AS counted WHERE counted.queue = queues.name;

-- The lanes in which tasks wait; one may be empty until a claim comes to it.
CREATE TABLE lanes (
  queue TEXT NOT NULL,
  priority INTEGER NOT NULL,
  lane TEXT NOT NULL,
  turn INTEGER NOT NULL,      -- the lowest is served next
  waits TEXT,                 -- what its first task waits for: a place ('key KEY') or a rate ('task NAME')
  PRIMARY KEY (queue, priority, lane)
) STRICT, WITHOUT ROWID;

CREATE INDEX lanes_next ON lanes (queue, priority, turn) WHERE waits IS NULL;
CREATE INDEX lanes_waiting ON lanes (waits, queue, priority, turn) WHERE waits IS NOT NULL;

-- How many tasks are running of each concurrency key.
CREATE TABLE running (
  key TEXT PRIMARY KEY,
  tasks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE task_rates (
  name TEXT PRIMARY KEY,
  rate_limit TEXT,            -- instead of the tasks' own
  next_start REAL NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- When a queue may go on after a rate has held it back.
CREATE TABLE gates (
  queue TEXT NOT NULL,
  scope TEXT NOT NULL,        -- empty for the queue's rate, or what lanes wait for: 'task NAME'
  at REAL,                    -- null once that time has come
  n INTEGER NOT NULL,         -- when it was noted
  PRIMARY KEY (queue, scope)
) STRICT, WITHOUT ROWID;

CREATE INDEX gates_next ON gates (at) WHERE at IS NOT NULL;

CREATE TABLE unique_keys (
  key TEXT PRIMARY KEY,
  task INTEGER NOT NULL       -- tasks.n of the one that keeps it
) STRICT, WITHOUT ROWID;

-- Schedules.

ALTER TABLE tasks ADD COLUMN schedule TEXT;        -- the name of the one that it was started by

CREATE TABLE schedules (
  name TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,  -- the number of its last change
  body TEXT NOT NULL,         -- what it says, as JSON; see schedule.ts
  in_code INTEGER NOT NULL,   -- whether it was declared there
  next INTEGER,               -- when it is due; null for never
  last_due INTEGER,           -- the last tick that was enqueued, and its task's id
  last_task TEXT
) STRICT;

CREATE INDEX schedules_due ON schedules (next) WHERE next IS NOT NULL;

-- What became of the last ticks of each schedule, as JSON.
CREATE TABLE schedule_runs (
  n INTEGER PRIMARY KEY,
  schedule TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX runs_of_schedule ON schedule_runs (schedule, n);

-- Who enqueues what schedules have due; the others leave it to him until then.
CREATE TABLE scheduling (
  holder TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT;
