-- Runs an ended task again as a new attempt.
-- ARGV  id.
-- Returns done (1 or 0) and the state it has now; nothing for an unknown id.
local id = ARGV[1]
local task = load(id, { 'status', 'name', 'queue', 'priority', 'seq', 'attempt' })
if not task then return done({}) end
if task.status ~= 'SUCCESS' and task.status ~= 'FAILURE' and task.status ~= 'REVOKED' then
  return done({ 0, task.status })
end
call('HDEL', K.task(id), 'result', 'error', 'finished', 'retries', 'lost', 'eta', 'expires')
call('HSET', K.task(id), 'attempt', (task.attempt or 1) + 1)
call('PERSIST', K.task(id))
call('PERSIST', K.events(id))
call('LREM', K.recent_of(task.status), 1, id)
make_ready(id, task, clock(), 'RPUSH')
return done({ 1, 'PENDING' })
