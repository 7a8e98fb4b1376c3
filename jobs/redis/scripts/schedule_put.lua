-- Stores a schedule, if nobody has changed it since it was read.
-- ARGV  name, revision that was read ('' for none), body, in code ('1' or ''), next due ('' for never),
--       how many there may be.
-- Returns 'stored', 'changed' or 'full'.
if ARGV[2] ~= '' then even_if_full() end -- so that it can be paused
local name, revision, body, in_code, next, max = unpack(ARGV)
local key = K.schedule(name)
if (call('HGET', key, 'revision') or '') ~= revision then return 'changed' end
if revision == '' and call('ZCARD', K.schedules) >= tonumber(max) then return 'full' end
call('HSET', key, 'revision', call('INCR', K.schedule_revision), 'body', body, 'in_code', in_code)
call('ZADD', K.schedules, 0, name)
call(in_code == '1' and 'SADD' or 'SREM', K.schedules_in_code, name)
set_next(name, next)
return done('stored')
