-- Accepts tasks.
-- ARGV  the tasks, as `accept` takes them.
-- Returns what `accept` answers of those that were not created.
-- In most calls no task has options or a limit. These come to few functions, and look at each task once.
local i = 1
while ARGV[i] and ARGV[i + 2] == '0' and call('HEXISTS', K.limits, 'task ' .. ARGV[i]) == 0 do
  i = i + 4 + 2 * ARGV[i + 3]
end

if not ARGV[i] then
  local at = ('%.0f'):format(clock()) -- numbers take long to become text
  local pending = event('PENDING', 0, nil, at)
  local others, accepted, waiting, lines, place = {}, {}, {}, {}, 0
  i = 1
  while ARGV[i] do
    local name, queue, last = ARGV[i], ARGV[i + 1], i + 3 + 2 * ARGV[i + 3]
    local ready, first_new = waiting[queue] or {}, #accepted + 1
    waiting[queue] = ready
    for k = i + 4, last, 2 do
      local id = ARGV[k]
      local key = K.task(id)
      place = place + 1
      if call('EXISTS', key) == 1 then
        others[#others + 1] = { place, id, call('HGET', key, 'status'), 0 }
      else
        call('HSET', key, 'status', 'PENDING', 'name', name, 'args', ARGV[k + 1], 'queue', queue, 'created', at)
        accepted[#accepted + 1], ready[#ready + 1] = id, id
      end
    end
    if accepted[first_new] then
      lines[#lines + 1] = table.concat(accepted, ',', first_new) .. ' 1 ' .. name .. ' ' .. pending
    end
    i = last + 1
  end
  if #accepted > 0 then
    for queue, ids in pairs(waiting) do
      local length = each_thousand('RPUSH', K.queue(queue, 'normal'), ids)
      if length == #ids then begin_list(queue) end
    end
    list_recent(K.recent, accepted)
    call('HINCRBY', K.stats, 'enqueued', #accepted)
    call('PUBLISH', K.events_channel, table.concat(lines, '\n'))
  end
  return others
end

return done((accept(1)))
