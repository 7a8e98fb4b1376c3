-- Ends runs. Only who holds the claim may: the token must be the task's latest.
-- ARGV  worker, how long to keep, then per task: id, token, and what became of it: PENDING (handed back),
--       SUCCESS and its result, FAILURE, error, shortened error, or RETRY, error, shortened error, delay ms.
--       Results and errors are JSON; events have the shortened error.
-- Returns per task: 1, or 0 where the claim no longer holds.
even_if_full()
local WORDS = { PENDING = 3, SUCCESS = 4, FAILURE = 5, RETRY = 6 } -- with id and token
local worker = ARGV[1]
keep_for(ARGV[2])
local now = clock()
local at = ('%.0f'):format(now) -- numbers take long to become text
local reply, released = {}, {}

-- Reads a task if this claim on it holds. What most do not need is read of those that do.
local function load_run(id, token, state)
  local status, holder, deliveries, name, queue, seq, started, flow = unpack(call('HMGET', K.task(id),
    'status', 'worker', 'deliveries', 'name', 'queue', 'seq', 'started', 'flow'))
  if holder ~= worker or deliveries ~= token then return nil end
  if status ~= 'STARTED' and status ~= 'PROGRESS' then return nil end
  local task = { status = status, worker = worker, name = name, queue = queue, priority = 'normal',
    seq = seq, started = started }
  if status == 'PROGRESS' then read(id, { 'progress', 'stage' }, task) end
  if state ~= 'SUCCESS' then read(id, { 'priority', 'attempt', 'retries' }, task) end
  if flow then read(id, FLOW, task) end
  return task
end

local function retry(id, task, runtime, payload, brief, delay)
  local due, seq = whole(now + delay), task.seq + 1
  emit(id, task, seq, event('RETRY', 0, nil, at,
    ',"runtime_ms":' .. runtime .. ',"eta":' .. due .. ',"error":' .. brief))
  call('HSET', K.task(id), 'status', 'RETRY', 'error', payload, 'eta', due, 'seq', seq,
    'retries', (task.retries or 0) + 1, 'attempt', (task.attempt or 1) + 1)
  call('HDEL', K.task(id), 'worker', 'started', 'progress', 'stage', 'meta')
  count('outcome RETRY ' .. task.queue .. ' ' .. task.name)
  schedule(id, task.queue, due)
  if task.expires then note(K.expiring, id, tonumber(task.expires)) end
end

local function settle(id, token, state, payload, brief, delay)
  local task = load_run(id, token, state)
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

local i = 3
while ARGV[i] do
  reply[#reply + 1] = settle(unpack(ARGV, i, i + 5))
  i = i + WORDS[ARGV[i + 2]]
end
let_go(worker, released)
return done(reply)
