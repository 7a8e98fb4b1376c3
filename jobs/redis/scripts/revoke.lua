-- Ends a task that has not ended. A worker that runs it is told and cannot settle it any more.
-- ARGV  id, result ttl s.
-- Returns done (1 or 0) and the state it has now; nothing for an unknown id.
even_if_full()
local id, ttl = ARGV[1], tonumber(ARGV[2])
local task = load(id, { 'status', 'name', 'queue', 'priority', 'seq', 'progress', 'stage', 'worker', 'deliveries' })
if not task then return done({}) end
if is_running(task) then
  call('LREM', K.active(task.worker), 1, id)
  control('revoke ' .. task.worker .. ' ' .. id .. ' ' .. task.deliveries)
elseif task.status == 'PENDING' or task.status == 'RETRY' then
  if not unschedule(id, task.queue) then call('LREM', K.queue(task.queue, task.priority), 1, id) end
else
  return done({ 0, task.status })
end
finish_with_error(id, task, 'REVOKED', clock(), ttl, 'TaskRevokedError', 'revoked')
return done({ 1, 'REVOKED' })
