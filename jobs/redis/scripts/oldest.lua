-- For how long the first tasks of each queue could have run. Of each list some are looked at, because
-- what was handed back is in front of what has waited for longer, and of the lanes of a queue a part.
-- Returns per queue in which any waits: name, milliseconds.
local MAX_LOOKED, LANES = 5, 100
local now = clock()
local since

local function look_at(list)
  for _, id in ipairs(call('LRANGE', list, 0, MAX_LOOKED - 1)) do
    local status, ready, created = unpack(call('HMGET', K.task(id), 'status', 'ready', 'created'))
    if status == 'PENDING' then since = math.min(since, tonumber(ready or created)) end
  end
end

local reply = {}
for _, queue in ipairs(call('HKEYS', K.queues)) do
  since = math.huge
  for _, priority in ipairs(PRIORITIES) do
    look_at(K.queue(queue, priority))
    local lanes = call('HSCAN', K.lanes(queue, priority), 0, 'COUNT', LANES)[2]
    for i = 1, #lanes, 2 do look_at(K.lane(queue, priority, lanes[i])) end
  end
  if since < math.huge then
    reply[#reply + 1] = queue
    reply[#reply + 1] = math.max(0, now - since)
  end
end
return reply
