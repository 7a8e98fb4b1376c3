-- Deletes an ended task, also from the indices, because its id may come again.
-- ARGV  id.
-- Returns done (1 or 0) and its state; nothing for an unknown id.
local id = ARGV[1]
local task = load(id, PLACE)
if not task then return {} end
if not is_over(task) then return { 0, task.status } end
release_unique(id, task)
if is_near(id, task) then take_off_stale(id, task) end -- else it stays until a claim comes to it
call('DEL', K.task(id), K.events(id))
call('LREM', K.recent, -1, id) -- many at once begin with the oldest
call('LREM', K.recent_of(task.status), -1, id)
return done({ 1, task.status })
