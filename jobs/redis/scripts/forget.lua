-- Deletes an ended task, also from the indices, because its id may come again.
-- ARGV  id.
-- Returns done (1 or 0) and its state; nothing for an unknown id.
local id = ARGV[1]
local status = call('HGET', K.task(id), 'status')
if not status then return {} end
if status ~= 'SUCCESS' and status ~= 'FAILURE' and status ~= 'REVOKED' then return { 0, status } end
call('DEL', K.task(id), K.events(id))
call('LREM', K.recent, 0, id)
call('LREM', K.recent_of(status), 0, id)
return { 1, status }
