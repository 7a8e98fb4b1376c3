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

-- Settles what is at this place in ARGV: 1 for the first run of a task with no more than terms that succeeds,
-- 0 where the claim does not hold, and for any other nothing, and then what was read of the task.
local function settle_common(i)
  local id, token, state, result = unpack(ARGV, i, i + 3)
  local key = K.task(id)
  local status, name, queue, holder, started, rare =
    unpack(call('HMGET', key, 'status', 'name', 'queue', 'worker', 'started', 'rare'))
  local runs = status == 'STARTED' or status == 'PROGRESS'
  if holder ~= worker or not runs or (rare ~= 'all' and token ~= '1') then return 0 end
  if state ~= 'SUCCESS' or rare == 'all' or keep.ended == 0 then
    return nil, { status = status, name = name, queue = queue, worker = holder, started = started,
      rare = rare }
  end
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
  return 1
end

local i, n, answer, task = 3, 0, nil, nil
while ARGV[i] do
  answer, task = settle_common(i)
  if task then break end
  n = n + 1
  reply[n] = answer
  i = i + WORDS[ARGV[i + 2]]
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

if not task then return leave() end

even_if_full()
local REST = { 'deliveries', 'seq', 'priority', 'progress', 'stage', 'attempt', 'retries', unpack(FLOW) }

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

local function settle(task, id, token, state, payload, brief, delay)
  if task.rare == 'all' then
    read(id, REST, task)
  elseif state == 'PENDING' then
    read(id, { 'priority' }, task)
  end
  task.deliveries, task.seq = task.deliveries or '1', task.seq or '2'
  task.priority = task.priority or 'normal'
  if task.deliveries ~= token then return 0 end
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
  if not task then answer, task = settle_common(i) end
  n = n + 1
  reply[n] = task and settle(task, unpack(ARGV, i, i + 5)) or answer
  i, task = i + WORDS[ARGV[i + 2]], nil
end
return leave()
