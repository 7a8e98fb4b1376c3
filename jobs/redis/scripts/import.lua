-- Takes over tasks of another store as they are. One that is known is left alone, so that a call can be
-- repeated.
-- ARGV  per task: id, where it belongs ('queue', 'scheduled' or 'ended'), when it is due or deleted
--       (Unix ms, '' for never), number of field words, fields and values, number of events, events.
-- Returns per task: the state that it has here.
local i, reply = 1, {}

while ARGV[i] do
  local id, place, at = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local fields, events
  fields, i = list_at(i + 3)
  events, i = list_at(i)
  if call('EXISTS', K.task(id)) == 0 then
    each_thousand('HSET', K.task(id), fields)
    if #events > 0 then each_thousand('RPUSH', K.events(id), events) end
    local task = load(id, PLACE)
    if task.unique then
      local unique_ms = tonumber(task.unique_until)
      local bound = unique_ms and { 'PX', math.max(1, unique_ms - clock()) } or {}
      call('SET', K.unique(task.unique), id, 'NX', unpack(bound))
    end
    if task.expires and not is_over(task) then note(K.expiring, id, tonumber(task.expires)) end
    call('HSETNX', K.queues, task.queue, '')
    if place == 'queue' then
      push('RPUSH', task.queue, task.priority, { id }, lane_of(task))
    elseif place == 'scheduled' then
      schedule(id, task.queue, tonumber(at))
    else
      note_ended(id, task.status)
      if at ~= '' then
        call('PEXPIREAT', K.task(id), at)
        call('PEXPIREAT', K.events(id), at)
      end
    end
  end
  reply[#reply + 1] = call('HGET', K.task(id), 'status')
end
return done(reply)
