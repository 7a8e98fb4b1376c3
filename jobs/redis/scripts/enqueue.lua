-- Accepts tasks.
-- ARGV  the tasks, as `accept` takes them.
-- Returns what `accept` answers of those that were not created.
return done((accept(1)))
