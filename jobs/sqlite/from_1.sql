-- What version 2 of the schema has and version 1 had not.

ALTER TABLE tasks ADD COLUMN schedule TEXT;

CREATE TABLE schedules (
  name TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL,
  in_code INTEGER NOT NULL,
  next INTEGER,
  last_due INTEGER,
  last_task TEXT
) STRICT;

CREATE INDEX schedules_due ON schedules (next) WHERE next IS NOT NULL;

CREATE TABLE schedule_runs (
  n INTEGER PRIMARY KEY,
  schedule TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX runs_of_schedule ON schedule_runs (schedule, n);
