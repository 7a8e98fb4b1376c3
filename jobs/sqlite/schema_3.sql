-- What version 3 adds to the two before. New files get all of them; an older one gets this, in one
-- transaction, when it is opened.

-- Who may come in, as set over HTTP (jobs/access_store.ts).

CREATE TABLE access (
  field TEXT PRIMARY KEY,     -- `user NAME`, `token NAME`, `epoch USER`, `secret`
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE access_state (
  access_revision INTEGER NOT NULL    -- how often they were changed
) STRICT;
INSERT INTO access_state VALUES (0);

-- Tickets for sockets that were used.
CREATE TABLE spent (
  key TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_until ON spent (until);

-- What people did; the numbers are a cursor.
CREATE TABLE audit (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

-- Time limits of all tasks of a name, in seconds, instead of their own.

ALTER TABLE task_rates ADD COLUMN time_limit REAL;
ALTER TABLE task_rates ADD COLUMN soft_time_limit REAL;

-- Commands to workers, each kept for a while so that none is carried out twice.

CREATE TABLE commands (
  n INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  worker TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  body TEXT                   -- as JSON; null once the worker has taken it
) STRICT;

-- Workers say more of themselves than before, with their next heartbeat.

UPDATE workers SET info = NULL;

-- The tasks of a schedule, few among many.

CREATE INDEX tasks_of_schedule ON tasks (schedule, n) WHERE schedule IS NOT NULL;

-- Samples over time (jobs/history_store.ts).

CREATE TABLE samples (
  every INTEGER NOT NULL,     -- of which series: one in so many ms
  at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (every, at)
) STRICT, WITHOUT ROWID;

ALTER TABLE state ADD COLUMN sampled INTEGER NOT NULL DEFAULT 0;  -- the step of the last one begun

-- Durations are counted in finer buckets, and so anew.
DELETE FROM stats WHERE field GLOB 'run *' OR field GLOB 'wait *';
