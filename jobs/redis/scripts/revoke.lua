-- Ends a task that has not ended. A worker that runs it is told and cannot settle it any more.
-- ARGV  id, how long to keep.
-- Returns done (1 or 0) and the state it has now; nothing for an unknown id.
even_if_full()
local id = ARGV[1]
keep_for(ARGV[2])
local task = load(id, PLACE)
if not task then return done({}) end
if is_running(task) then
  call('LREM', K.active(task.worker), 1, id)
  leave_place(task)
  control('revoke ' .. task.worker .. ' ' .. id .. ' ' .. task.deliveries)
elseif task.status == 'PENDING' or task.status == 'RETRY' then
  if not unschedule(id, task.queue) then take_off_soon(id, task) end
else
  return done({ 0, task.status })
end
finish_revoked(id, task, clock(), 'revoked')
return done({ 1, 'REVOKED' })
