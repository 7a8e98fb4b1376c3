-- Runs an ended task again as a new attempt. One that is still far down its list keeps its place there.
-- ARGV  id, arguments as JSON ('' for the same).
-- Returns done (1 or 0) and the state it has now; nothing for an unknown id.
local id, args = ARGV[1], ARGV[2]
local task = load(id, PLACE)
if not task then return done({}) end
if not is_over(task) then return done({ 0, task.status }) end
local keeps_place = task.stale and not is_near(id, task)
if keeps_place then count_stale(id, task.queue) else take_off_stale(id, task) end
if args ~= '' then call('HSET', K.task(id), 'args', args) end
if task.unique and not tonumber(task.unique_until) then
  call('SET', K.unique(task.unique), id, 'NX') -- unless another keeps it by now
end
call('HDEL', K.task(id), 'result', 'error', 'finished', 'retries', 'lost', 'eta', 'expires')
call('HSET', K.task(id), 'attempt', (task.attempt or 1) + 1)
call('PERSIST', K.task(id))
call('PERSIST', K.events(id))
call('LREM', K.recent_of(task.status), -1, id) -- many at once begin with the oldest
task.expires = nil
if keeps_place then mark_ready(id, task, clock()) else make_ready(id, task, clock(), 'RPUSH') end
return done({ 1, 'PENDING' })
