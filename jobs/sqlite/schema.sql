-- Everything that taskapp keeps in a SQLite file. Times are Unix milliseconds unless said otherwise.
-- Numbers (`n`, `place`, `position`) come from one counter, so that they order all that ever happened.

CREATE TABLE tasks (
  n INTEGER PRIMARY KEY,      -- in the order in which they were accepted
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  args TEXT NOT NULL,         -- JSON, as are stage, meta, result and error
  queue TEXT NOT NULL,
  priority INTEGER NOT NULL,  -- 0 high, 1 normal, 2 low
  status TEXT NOT NULL,
  place INTEGER NOT NULL,     -- in lists by state: n, and from its end on the number of that
  position INTEGER NOT NULL,  -- in its queue; what is handed back keeps it and so comes first;
                              -- of what waits for its time: when that began
  due INTEGER,                -- set while it waits for its time
  seq INTEGER NOT NULL DEFAULT 1,
  attempt INTEGER NOT NULL DEFAULT 1,
  retries INTEGER NOT NULL DEFAULT 0,
  max_retries INTEGER NOT NULL,
  deliveries INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0,
  time_limit REAL,            -- seconds
  soft_time_limit REAL,       -- seconds
  created INTEGER NOT NULL,
  ready INTEGER NOT NULL,     -- since when it could run
  eta INTEGER,
  expires INTEGER,
  started INTEGER,
  finished INTEGER,
  worker TEXT,
  progress REAL NOT NULL DEFAULT 0,
  stage TEXT,
  meta TEXT,
  result TEXT,
  error TEXT,
  kept_until INTEGER          -- set once it has ended; hidden after that time, deleted later
) STRICT;

CREATE INDEX tasks_by_state ON tasks (status, place);
CREATE INDEX tasks_ready ON tasks (queue, priority, position) WHERE status = 'PENDING' AND due IS NULL;
CREATE INDEX tasks_scheduled ON tasks (due, queue) WHERE due IS NOT NULL;
CREATE INDEX tasks_ended ON tasks (kept_until) WHERE kept_until IS NOT NULL;

-- Each task's events from the second on; the first is what `created` says.
CREATE TABLE events (
  n INTEGER PRIMARY KEY,
  task INTEGER NOT NULL,      -- tasks.n
  seq INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX events_of_task ON events (task, seq);

CREATE TABLE queues (
  name TEXT PRIMARY KEY,
  paused INTEGER NOT NULL DEFAULT 0,
  turns INTEGER NOT NULL DEFAULT 0  -- tasks taken while more than one priority waited
) STRICT, WITHOUT ROWID;

CREATE TABLE workers (
  name TEXT PRIMARY KEY,
  lease_until INTEGER NOT NULL,
  heartbeat INTEGER,
  info TEXT,                  -- what it says of itself, as JSON
  peer TEXT                   -- the open broker that it works through
) STRICT, WITHOUT ROWID;

-- Brokers that hold the file open and want to hear of changes; see mailbox.ts.
CREATE TABLE peers (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Running tasks that were revoked, for their workers to read.
CREATE TABLE revocations (
  n INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  worker TEXT NOT NULL,
  id TEXT NOT NULL,
  token INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_ended ON idempotency (until);

CREATE TABLE stats (
  field TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
  counter INTEGER NOT NULL,   -- the last number given out
  reaped INTEGER NOT NULL,    -- when leases were last checked
  pruned INTEGER NOT NULL     -- the highest number of an event that was deleted
) STRICT;

INSERT INTO state VALUES (0, 0, 0);
