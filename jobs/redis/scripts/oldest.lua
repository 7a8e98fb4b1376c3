-- For how long the first tasks of each queue could have run. Of a list some are looked at, because what
-- was handed back is in front of what has waited for longer; of the lanes of a queue only a few.
-- Returns per queue in which any waits: name, milliseconds.
local MAX_LOOKED, MAX_LANES = 3, 10
local now = clock()
local since

local function look_at(list, most)
  for _, id in ipairs(call('LRANGE', list, 0, most - 1)) do
    local status, ready, created = unpack(call('HMGET', K.task(id), 'status', 'ready', 'created'))
    if status == 'PENDING' then since = math.min(since, tonumber(ready or created)) end
  end
end

local reply = {}
for _, queue in ipairs(call('HKEYS', K.queues)) do
  since = math.huge
  for _, priority in ipairs(PRIORITIES) do
    look_at(K.queue(queue, priority), MAX_LOOKED)
    local lanes = call('HSCAN', K.lanes(queue, priority), 0, 'COUNT', MAX_LANES)[2]
    for i = 1, math.min(#lanes, 2 * MAX_LANES), 2 do
      look_at(K.lane(queue, priority, lanes[i]), 1)
    end
  end
  if since < math.huge then
    reply[#reply + 1] = queue
    reply[#reply + 1] = math.max(0, now - since)
  end
end
return reply
