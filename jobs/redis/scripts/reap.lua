-- Gives back the tasks of workers that are gone: whose lease ran out, or whose connection was found
-- closed (ARGV) and still is after a grace in which a living worker would have come back.
-- Nobody could renew a lease while Redis was down: after a pause without checks all leases that ran
-- out start anew.
-- ARGV  lease ms, pause ms, grace ms, how long to keep, then per closed connection: worker, client id.
-- Returns how many tasks were given back.
even_if_full()
local MAX_EXPIRED = 100 -- that one call takes off each list
local lease, pause, grace = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
keep_for(ARGV[4])
local now = clock()
local checked = tonumber(call('GET', K.reaped) or 0)
call('SET', K.reaped, now)

local lost = 0
for i = 5, #ARGV, 2 do
  local worker, client = ARGV[i], ARGV[i + 1]
  local known, gone = unpack(call('HMGET', K.worker(worker), 'client', 'gone'))
  if known == client then
    if not gone then
      call('HSET', K.worker(worker), 'gone', now)
    elseif now - tonumber(gone) >= grace then
      lost = lost + give_back_all(worker, now, true)
    end
  end
end

for _, worker in ipairs(call('ZRANGEBYSCORE', K.workers, '-inf', now)) do
  if now - checked > pause then
    call('ZADD', K.workers, now + lease, worker)
  else
    lost = lost + give_back_all(worker, now, true)
  end
end

-- Tasks that have expired leave the lists of what has ended, the oldest first.
for _, state in ipairs({ 'SUCCESS', 'FAILURE', 'REVOKED' }) do
  local list, expired = K.recent_of(state), 0
  while expired < MAX_EXPIRED do
    local id = call('LINDEX', list, -1 - expired)
    if not id or call('EXISTS', K.task(id)) == 1 then break end
    expired = expired + 1
  end
  if expired > 0 then call('LTRIM', list, 0, -1 - expired) end
end
return done(lost)
