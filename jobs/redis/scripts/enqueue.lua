-- Accepts tasks.
-- ARGV  the tasks, as `accept` takes them.
-- Returns what `accept` answers of those that were not created.
-- In most calls no task has a limit, or an option besides its priority and its terms. These come to few
-- functions, and look at each task once.
local PLAIN = ' priority max_retries time_limit soft_time_limit on_lost '
local i, is_plain = 1, true
while is_plain and ARGV[i] do
  local words = tonumber(ARGV[i + 2])
  for k = i + 3, i + 2 + words, 2 do is_plain = is_plain and PLAIN:find(' ' .. ARGV[k] .. ' ', 1, true) end
  is_plain = is_plain and call('HEXISTS', K.limits, 'task ' .. ARGV[i]) == 0
  i = i + 4 + words + 2 * ARGV[i + 3 + words]
end

if is_plain then
  local at = ('%.0f'):format(clock()) -- numbers take long to become text
  local pending = event('PENDING', 0, nil, at)
  local others, accepted, waiting, lines, place = {}, {}, {}, {}, 0
  i = 1
  while ARGV[i] do
    local name, queue, priority, has_terms = ARGV[i], ARGV[i + 1], 'normal', false
    local more, start = list_at(i + 2)
    for k = 1, #more, 2 do
      if more[k] == 'priority' then priority = more[k + 1] else has_terms = true end
    end
    if has_terms then more[#more + 1], more[#more + 2] = 'rare', 'terms' end
    local list, first_new = K.queue(queue, priority), #accepted + 1
    local ready = waiting[list] or { queue = queue }
    waiting[list] = ready
    i = start + 2 * ARGV[start] + 1
    for k = start + 1, i - 1, 2 do
      local id = ARGV[k]
      local key = K.task(id)
      place = place + 1
      if call('EXISTS', key) == 1 then
        others[#others + 1] = { place, id, call('HGET', key, 'status'), 0 }
      else
        call('HSET', key, 'status', 'PENDING', 'name', name, 'args', ARGV[k + 1], 'queue', queue,
          'created', at, unpack(more))
        accepted[#accepted + 1], ready[#ready + 1] = id, id
      end
    end
    if accepted[first_new] then
      lines[#lines + 1] = table.concat(accepted, ',', first_new) .. ' 1 ' .. name .. ' ' .. pending
    end
  end
  if #accepted > 0 then
    for list, ids in pairs(waiting) do
      if each_thousand('RPUSH', list, ids) == #ids then begin_list(ids.queue) end
    end
    list_recent(K.recent, accepted)
    call('HINCRBY', K.stats, 'enqueued', #accepted)
    call('PUBLISH', K.events_channel, table.concat(lines, '\n'))
  end
  return others
end

return done((accept(1)))
