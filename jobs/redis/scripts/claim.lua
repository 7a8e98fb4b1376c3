-- Hands ready tasks to a worker: takes them off their queues, marks them started under a new token
-- and renews the worker's lease, all in one step, so that no task is ever held by nobody.
-- ARGV  worker, lease ms, limit, result ttl s, then the queues in the order of their importance.
-- Returns per task: id, token, name, args, queue, attempt, retries, max_retries, time_limit,
--         soft_time_limit.
even_if_full()
local worker, lease, limit, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = clock()
local MAX_ENDED = 1000 -- expired tasks that one call ends, so that none takes long
local LOW_TURN = 10 -- every tenth task taken is the lowest that waits, so that none starves

call('ZADD', K.workers, now + lease, worker)

local function take(queue, want)
  local levels = {}
  for _, priority in ipairs({ 'high', 'normal', 'low' }) do
    local key = K.queue(queue, priority)
    if call('EXISTS', key) == 1 then levels[#levels + 1] = key end
  end
  if #levels == 0 then return {} end
  if #levels == 1 then return call('LPOP', levels[1], want) or {} end
  local turn = call('HINCRBY', K.turns, queue, want) - want
  local ids = {}
  for i = 1, want do
    local low_first = (turn + i) % LOW_TURN == 0
    for level = 1, #levels do
      local id = call('LPOP', levels[low_first and #levels + 1 - level or level])
      if id then
        ids[#ids + 1] = id
        break
      end
    end
  end
  return ids
end

local FIELDS = { 'status', 'name', 'args', 'queue', 'attempt', 'retries', 'max_retries',
  'time_limit', 'soft_time_limit', 'deliveries', 'expires', 'seq', 'created', 'ready' }
local reply, held, looked = {}, {}, 0

local function start(id)
  local task = load(id, FIELDS)
  if not task or task.status ~= 'PENDING' then return end
  if task.expires and tonumber(task.expires) <= now then
    finish_with_error(id, task, 'REVOKED', now, ttl, 'TaskRevokedError', 'expired')
    return
  end
  local token, seq = (tonumber(task.deliveries) or 0) + 1, (tonumber(task.seq) or 1) + 1
  local attempt = task.attempt or '1'
  call('HSET', K.task(id), 'status', 'STARTED', 'worker', worker, 'started', now,
    'deliveries', token, 'seq', seq)
  emit(id, task.name, seq, event('STARTED', 0, nil, now,
    ',"worker":"' .. worker .. '","attempt":' .. attempt))
  count_duration('wait', task.name, math.max(0, now - tonumber(task.ready or task.created)))
  held[#held + 1] = id
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = id, token, task.name, task.args
  reply[n + 5], reply[n + 6], reply[n + 7] = task.queue, attempt, task.retries or '0'
  reply[n + 8], reply[n + 9] = task.max_retries or '3', task.time_limit or ''
  reply[n + 10] = task.soft_time_limit or ''
end

local queues = { unpack(ARGV, 5) }
local paused = call('HMGET', K.queues, unpack(queues))
for i, queue in ipairs(queues) do
  while paused[i] ~= 'paused' and #held < limit do
    local ids = take(queue, limit - #held)
    if #ids == 0 then break end
    for _, id in ipairs(ids) do start(id) end
    looked = looked + #ids
    if looked - #held >= MAX_ENDED then
      control('ready ' .. queue) -- fewer than asked for, and yet there may be more
      break
    end
  end
end
if #held > 0 then each_thousand('RPUSH', K.active(worker), held) end
return done(reply)
