-- Ends runs. Only who holds the claim may: the token must be the task's latest.
-- ARGV  worker, how long to keep, then per task: id, token, state (SUCCESS, FAILURE, RETRY or PENDING),
--       payload (result or error as JSON), shortened error as JSON for the event, delay ms.
-- Returns per task: 1, or 0 where the claim no longer holds.
even_if_full()
local worker = ARGV[1]
keep_for(ARGV[2])
local now = clock()
local FIELDS = { 'status', 'name', 'queue', 'priority', 'seq', 'progress', 'stage', 'worker',
  'deliveries', 'started', 'attempt', 'retries', 'flow' }
local reply = {}

for i = 3, #ARGV, 6 do
  local id, token, state, payload, brief, delay = unpack(ARGV, i, i + 5)
  local task = load_claimed(id, worker, token, FIELDS)
  if not task then
    reply[#reply + 1] = 0
  else
    reply[#reply + 1] = 1
    call('LREM', K.active(worker), 1, id)
    leave_place(task)
    local runtime = math.max(0, now - tonumber(task.started))
    local rest = ',"runtime_ms":' .. runtime
    if state == 'SUCCESS' then
      if task.retries then call('HDEL', K.task(id), 'error') end
      count_duration('ran', task.name, runtime)
      finish(id, task, state, now, rest, { 'result', payload })
    elseif state == 'FAILURE' then
      count_duration('ran', task.name, runtime)
      finish(id, task, state, now, rest .. ',"error":' .. brief, { 'error', payload })
    elseif state == 'RETRY' then
      local due, seq = whole(now + tonumber(delay)), (tonumber(task.seq) or 1) + 1
      call('HSET', K.task(id), 'status', 'RETRY', 'error', payload, 'eta', due, 'seq', seq,
        'retries', (task.retries or 0) + 1, 'attempt', (task.attempt or 1) + 1)
      call('HDEL', K.task(id), 'worker', 'started', 'progress', 'stage', 'meta')
      emit(id, task.name, seq, event('RETRY', 0, nil, now,
        rest .. ',"eta":' .. due .. ',"error":' .. brief))
      count_duration('ran', task.name, runtime)
      count('outcome RETRY ' .. task.queue .. ' ' .. task.name)
      schedule(id, task.queue, due)
      if task.expires then note(K.expiring, id, tonumber(task.expires)) end
    else
      make_ready(id, task, now, 'LPUSH')
    end
  end
end
return done(reply)
