-- Counts tasks by state. What waits for its time, and what runs, is looked at only in part.
-- Returns how many wait for their time, whether some were only counted in part (1 or 0), then the numbers
-- of PENDING, STARTED, PROGRESS, RETRY, SUCCESS, FAILURE and REVOKED.
local MAX_LOOKED = 1000 -- of each of the two

local function count_status(ids, wanted)
  local found = 0
  for _, id in ipairs(ids) do
    if call('HGET', K.task(id), 'status') == wanted then found = found + 1 end
  end
  return found
end

local waiting, running, looked, progress = 0, 0, 0, 0
for _, queue in ipairs(call('HKEYS', K.queues)) do waiting = waiting + waiting_in(queue) end
for _, worker in ipairs(call('ZRANGE', K.workers, 0, -1)) do
  running = running + call('LLEN', K.active(worker))
  if looked < MAX_LOOKED then
    local ids = call('LRANGE', K.active(worker), 0, MAX_LOOKED - looked - 1)
    looked = looked + #ids
    progress = progress + count_status(ids, 'PROGRESS')
  end
end
local scheduled = call('ZCARD', K.scheduled)
-- The soonest: retries mostly are.
local retry = count_status(call('ZRANGE', K.scheduled, 0, MAX_LOOKED - 1), 'RETRY')
local capped = scheduled > MAX_LOOKED or running > looked
local reply = { scheduled, 0, waiting + scheduled - retry, running - progress, progress, retry }
for _, state in ipairs({ 'SUCCESS', 'FAILURE', 'REVOKED' }) do
  local ended = call('LLEN', K.recent_of(state))
  capped = capped or ended >= MAX_RECENT
  reply[#reply + 1] = ended
end
if capped then reply[2] = 1 end
return reply
