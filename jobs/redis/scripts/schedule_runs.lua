-- ARGV  name.
-- Returns what became of its last ticks, the newest first.
return call('LRANGE', K.schedule_runs(ARGV[1]), 0, -1)
