-- The schedules that are due, the earliest first.
-- ARGV  how many.
-- Returns the time, milliseconds until the next is due (-1 for never), then per schedule: name, fields
-- and values.
local now = clock()
local next = call('ZRANGEBYSCORE', K.schedules_due, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local reply = { now, next[2] and math.ceil(tonumber(next[2]) - now) or -1 }
for _, name in ipairs(call('ZRANGEBYSCORE', K.schedules_due, '-inf', now, 'LIMIT', 0, ARGV[1])) do
  reply[#reply + 1] = name
  reply[#reply + 1] = call('HGETALL', K.schedule(name))
end
return reply
