-- Ends some of the tasks of a queue that wait. The caller goes on with the cursor until it is ''.
-- ARGV  queue, how long to keep, cursor ('lists' at first).
-- Returns how many it ended, and the next cursor: 'lists', or one of ZSCAN for the delayed ones.
even_if_full()
local queue, cursor = ARGV[1], ARGV[3]
keep_for(ARGV[2])
local STEP = 1000
local now, ended_here, left = clock(), 0, STEP

local function purge(id, is_listed)
  left = left - 1
  local task = load(id, { 'eta', unpack(PLACE) })
  local is_stale = is_listed and task and (task.status == 'RETRY' or is_early(id, task))
  if task and task.queue == queue and (task.status == 'PENDING' or task.status == 'RETRY') and not is_stale then
    finish_revoked(id, task, now, 'purged')
    ended_here = ended_here + 1
  elseif is_listed then
    count_stale(id, queue)
  end
end

local function pop(list)
  local ids = left > 0 and call('LPOP', list, left) or {}
  for _, id in ipairs(ids) do purge(id, true) end
  return #ids
end

if cursor == 'lists' then
  for _, priority in ipairs(PRIORITIES) do
    pop(K.queue(queue, priority))
    while left > 0 do
      local lane = call('HRANDFIELD', K.lanes(queue, priority))
      if not lane then break end
      reconsider(queue, priority, lane)
      local popped = pop(K.lane(queue, priority, lane))
      if popped == 0 then break end
      shrink_lane(queue, priority, lane, popped)
    end
  end
  return done({ ended_here, left > 0 and '0' or 'lists' })
end

local next, found = unpack(call('ZSCAN', K.scheduled, cursor, 'COUNT', STEP))
for i = 1, #found, 2 do
  local id = found[i]
  if call('HGET', K.task(id), 'queue') == queue and unschedule(id, queue) then purge(id, false) end
end
return done({ ended_here, next == '0' and '' or next })
