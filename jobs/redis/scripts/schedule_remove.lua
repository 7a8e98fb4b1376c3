-- Deletes a schedule, if nobody has changed it since it was read.
-- ARGV  name, revision.
-- Returns 1 or 0.
local name, revision = unpack(ARGV)
if call('HGET', K.schedule(name), 'revision') ~= revision then return 0 end
call('DEL', K.schedule(name), K.schedule_runs(name))
call('ZREM', K.schedules, name)
call('ZREM', K.schedules_due, name)
call('SREM', K.schedules_in_code, name)
return 1
