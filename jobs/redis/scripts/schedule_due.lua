-- The schedules that are due, the earliest first, for one caller at a time.
-- ARGV  how many, who asks, for how many ms the others are told of none.
-- Returns the time, milliseconds until there may be more (-1 for never), then per schedule: name, fields
-- and values.
even_if_full()
local limit, caller, turn = unpack(ARGV)
local now = clock()
local next = call('ZRANGEBYSCORE', K.schedules_due, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local wait = next[2] and math.ceil(tonumber(next[2]) - now) or -1
local names = call('ZRANGEBYSCORE', K.schedules_due, '-inf', now, 'LIMIT', 0, limit)
local holder = call('GET', K.scheduling)
if #names == 0 then
  if holder == caller then call('DEL', K.scheduling) end
  return { now, wait }
end
if holder and holder ~= caller then
  local left = math.max(1, call('PTTL', K.scheduling))
  return { now, wait < 0 and left or math.min(wait, left) }
end
call('SET', K.scheduling, caller, 'PX', turn)
local reply = { now, wait }
for _, name in ipairs(names) do
  reply[#reply + 1] = name
  reply[#reply + 1] = call('HGETALL', K.schedule(name))
end
return reply
