-- Takes over what another store knew besides its tasks.
-- ARGV  number of words, then names of paused queues; number of words, then idempotency keys, each with
--       its task's id and its end (Unix ms); number of words, then ids of its newest tasks, newest first;
--       number of words, then limits, each with its value.
-- Returns 1.
local paused, keys, newest, limited, i
paused, i = list_at(1)
keys, i = list_at(i)
newest, i = list_at(i)
limited = list_at(i)
for k = 1, #limited, 2 do
  call('HSET', K.limits, limited[k], limited[k + 1])
  local queue = limited[k]:match('^[rc]%a+ (.+)$') -- a rate or a concurrency, and no task's
  if queue then call('HSETNX', K.queues, queue, '') end
end
for _, queue in ipairs(paused) do call('HSET', K.queues, queue, 'paused') end
for k = 1, #keys, 3 do
  local ms = math.max(1, tonumber(keys[k + 2]) - clock())
  call('SET', K.idempotency(keys[k]), keys[k + 1], 'PX', ms, 'NX')
end

if #newest == 0 then return done(1) end
local seen = {}
for _, id in ipairs(newest) do seen[id] = true end
for _, id in ipairs(call('LRANGE', K.recent, 0, -1)) do
  if not seen[id] then newest[#newest + 1] = id end
end
call('DEL', K.recent)
each_thousand('RPUSH', K.recent, newest)
call('LTRIM', K.recent, 0, MAX_RECENT - 1)
return done(1)
