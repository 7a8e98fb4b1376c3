-- Does what is due, at most a thousand tasks of each kind a call: makes delayed tasks ready, ends those
-- that have expired, and tells the workers of queues that a rate limit held back.
-- ARGV  how long to keep.
-- Returns milliseconds until something is due again, 0 if there is more now, -1 if nothing will be.
even_if_full()
keep_for(ARGV[1])
local now = clock()
local STEP = 1000

local due = call('ZRANGEBYSCORE', K.scheduled, '-inf', now, 'WITHSCORES', 'LIMIT', 0, STEP)
for i = 1, #due, 2 do
  local id, at = due[i], due[i + 1]
  local task = load(id, PLACE)
  if not task then
    call('ZREM', K.scheduled, id)
  else
    unschedule(id, task.queue)
    if task.status == 'RETRY' then
      make_ready(id, task, at, 'RPUSH')
    else
      call('HSET', K.task(id), 'ready', at)
      push('RPUSH', task.queue, task.priority, { id }, lane_for(task.queue, task.priority, task))
    end
  end
end

for _, id in ipairs(call('ZRANGEBYSCORE', K.expiring, '-inf', now, 'LIMIT', 0, STEP)) do
  call('ZREM', K.expiring, id)
  local task = load(id, PLACE)
  if task and (task.status == 'PENDING' or task.status == 'RETRY') then
    if not unschedule(id, task.queue) then make_stale(id, task) end
    finish_revoked(id, task, now, 'expired')
  end
end

-- Of lanes that a rate holds, some at a time: most may not go on after the first of them has.
for _, gate in ipairs(call('ZRANGEBYSCORE', K.gates, '-inf', now)) do
  local kind, name = gate:match('^(%l+) (.+)$')
  call('ZREM', K.gates, gate)
  if kind == 'queue' then
    control('ready ' .. name)
  else
    bring_back(K.held(name), 100)
    if call('EXISTS', K.held(name)) == 1 then note(K.gates, gate, now + 50) end
  end
end

local wait = -1
for _, key in ipairs({ K.scheduled, K.expiring, K.gates }) do
  local next = call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  local ms = next and math.max(0, math.ceil(tonumber(next) - now))
  if ms and (wait < 0 or ms < wait) then wait = ms end
end
return done(wait)
