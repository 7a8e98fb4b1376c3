-- Makes delayed tasks ready whose time has come, at most a thousand a call.
-- Returns milliseconds until the next is due, 0 if there are more now, -1 if none waits.
even_if_full()
local now = clock()
local due = call('ZRANGEBYSCORE', K.scheduled, '-inf', now, 'WITHSCORES', 'LIMIT', 0, 1000)
for i = 1, #due, 2 do
  local id, at = due[i], due[i + 1]
  local task = load(id, { 'status', 'name', 'queue', 'priority', 'seq' })
  if not task then
    call('ZREM', K.scheduled, id)
  else
    unschedule(id, task.queue)
    if task.status == 'RETRY' then
      make_ready(id, task, at, 'RPUSH')
    else
      call('HSET', K.task(id), 'ready', at)
      push('RPUSH', task.queue, task.priority, { id })
    end
  end
end
local next = call('ZRANGE', K.scheduled, 0, 0, 'WITHSCORES')
if not next[2] then return done(-1) end
return done(math.max(0, math.ceil(tonumber(next[2]) - now)))
