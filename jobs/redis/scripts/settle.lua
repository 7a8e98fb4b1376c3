-- Ends runs. Only who holds the claim may: the token must be the task's latest.
-- ARGV  worker, how long to keep, then per task: id, token, and what became of it: PENDING (handed back),
--       SUCCESS and its result, FAILURE, error, shortened error, or RETRY, error, shortened error, delay ms.
--       Results and errors are JSON; events have the shortened error.
-- Returns per task: 1, or 0 where the claim no longer holds.
-- Most tasks succeed on their first run without having reported, and all functions that others need are only
-- made when the first of these comes.
local WORDS = { PENDING = 3, SUCCESS = 4, FAILURE = 5, RETRY = 6 } -- with id and token
local worker = ARGV[1]
keep_for(ARGV[2])
local now = clock()
local at = ('%.0f'):format(now) -- numbers take long to become text
local until_at = ('%.0f'):format(now + keep.ended * 1000)
local reply, released = {}, {}
local succeeded = {} -- by name and milliseconds: ids of tasks of which it was the first run

-- Ends a task that is as the most are; answers whether it was one.
local function succeed(id, token, result)
  if token ~= '1' or keep.ended == 0 then return false end
  local key = K.task(id)
  local status, name, queue, holder, started, rare =
    unpack(call('HMGET', key, 'status', 'name', 'queue', 'worker', 'started', 'rare'))
  if rare == 'all' or status ~= 'STARTED' or holder ~= worker then return false end
  local runtime = math.max(0, now - started)
  local runtimes = succeeded[name] or {}
  local ids = runtimes[runtime] or {}
  succeeded[name], runtimes[runtime] = runtimes, ids
  ids[#ids + 1] = id
  count('outcome SUCCESS ' .. queue .. ' ' .. name)
  add(K.active_in, queue, -1)
  call('PEXPIREAT', key, until_at) -- a full Redis lets it go on from here
  call('HSET', key, 'status', 'SUCCESS', 'finished', at, 'result', result)
  note_ended(id, 'SUCCESS')
  released[#released + 1] = id
  return true
end

local i, n = 3, 0
while ARGV[i] and ARGV[i + 2] == 'SUCCESS' and succeed(ARGV[i], ARGV[i + 1], ARGV[i + 3]) do
  i, n = i + WORDS.SUCCESS, n + 1
  reply[n] = 1
end

local function leave()
  for name, runtimes in pairs(succeeded) do
    for runtime, ids in pairs(runtimes) do
      announce(table.concat(ids, ','), name, '3', success_event(nil, runtime, at))
      count_duration('ran', name, runtime, #ids)
    end
  end
  let_go(worker, released)
  return done(reply)
end

if not ARGV[i] then return leave() end

even_if_full()

local function retry(id, task, runtime, payload, brief, delay)
  local due, seq = whole(now + delay), task.seq + 1
  emit(id, task, seq, event('RETRY', 0, nil, at,
    ',"runtime_ms":' .. runtime .. ',"eta":' .. due .. ',"error":' .. brief))
  call('HSET', K.task(id), 'status', 'RETRY', 'error', payload, 'eta', due, 'seq', seq,
    'deliveries', task.deliveries, 'retries', (task.retries or 0) + 1, 'attempt', (task.attempt or 1) + 1,
    'rare', 'all')
  call('HDEL', K.task(id), 'worker', 'started', 'progress', 'stage', 'meta')
  count('outcome RETRY ' .. task.queue .. ' ' .. task.name)
  schedule(id, task.queue, due)
  if task.expires then note(K.expiring, id, tonumber(task.expires)) end
end

local function settle(id, token, state, payload, brief, delay)
  local task = load_claimed(id, worker, token, { 'retries', unpack(PLACE) })
  if not task then return 0 end
  released[#released + 1] = id
  leave_place(task)
  if state == 'PENDING' then
    make_ready(id, task, now, 'LPUSH')
    return 1
  end
  local runtime = runtime_of(task, now)
  count_duration('ran', task.name, runtime)
  if state == 'SUCCESS' then
    if token ~= '1' then call('HDEL', K.task(id), 'error') end -- of an earlier attempt
    finish(id, task, state, at, success_event(task.stage, runtime, at), 'result', payload)
  elseif state == 'FAILURE' then
    local body = event(state, task.progress, task.stage, at,
      ',"runtime_ms":' .. runtime .. ',"error":' .. brief)
    finish(id, task, state, at, body, 'error', payload)
  else
    retry(id, task, runtime, payload, brief, delay)
  end
  return 1
end

while ARGV[i] do
  local state = ARGV[i + 2]
  n = n + 1
  local is_done = state == 'SUCCESS' and succeed(ARGV[i], ARGV[i + 1], ARGV[i + 3])
  reply[n] = is_done and 1 or settle(unpack(ARGV, i, i + 5))
  i = i + WORDS[state]
end
return leave()
