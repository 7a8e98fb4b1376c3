-- Returns per queue: name, waiting, scheduled, active, paused (1 or 0).
local active = {}
for _, worker in ipairs(call('ZRANGE', K.workers, 0, -1)) do
  for _, id in ipairs(call('LRANGE', K.active(worker), 0, -1)) do
    local queue = call('HGET', K.task(id), 'queue')
    if queue then active[queue] = (active[queue] or 0) + 1 end
  end
end
local reply, known = {}, call('HGETALL', K.queues)
for i = 1, #known, 2 do
  local queue, waiting = known[i], 0
  for _, priority in ipairs({ 'high', 'normal', 'low' }) do
    waiting = waiting + call('LLEN', K.queue(queue, priority))
  end
  reply[#reply + 1] = { queue, waiting, tonumber(call('HGET', K.scheduled_in, queue) or 0),
    active[queue] or 0, known[i + 1] == 'paused' and 1 or 0 }
end
return reply
