-- Returns per queue: name, waiting, scheduled, active, paused (1 or 0), rate limit, concurrency limit ('' for
-- none).
local function number(key, queue)
  return tonumber(call('HGET', key, queue) or 0)
end

local reply, known = {}, call('HGETALL', K.queues)
for i = 1, #known, 2 do
  local queue = known[i]
  reply[#reply + 1] = { queue, waiting_in(queue), number(K.scheduled_in, queue), number(K.active_in, queue),
    known[i + 1] == 'paused' and 1 or 0, limit_of('rate', queue) or '',
    limit_of('concurrency', queue) or '' }
end
return reply
