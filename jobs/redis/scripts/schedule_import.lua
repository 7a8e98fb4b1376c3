-- Takes over a schedule of another store as it is. One that is known is left alone, so that a call can be
-- repeated.
-- ARGV  name, body, in code ('1' or ''), next due ('' for never), due time and id of the last task ('' for
--       none), then what became of its last ticks, the newest last.
-- Returns 1.
local name, body, in_code, next, last_due, last_task = unpack(ARGV, 1, 6)
local key = K.schedule(name)
if call('EXISTS', key) == 1 then return 1 end
call('HSET', key, 'revision', call('INCR', K.schedule_revision), 'body', body, 'in_code', in_code)
if last_due ~= '' then call('HSET', key, 'last_due', last_due, 'last_task', last_task) end
call('ZADD', K.schedules, 0, name)
if in_code == '1' then call('SADD', K.schedules_in_code, name) end
keep_runs(name, { unpack(ARGV, 7) })
set_next(name, next)
return done(1)
