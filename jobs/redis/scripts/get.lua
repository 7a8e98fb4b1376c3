-- ARGV  id.
-- Returns all fields of a task and their values; nothing for an unknown id.
return call('HGETALL', K.task(ARGV[1]))
