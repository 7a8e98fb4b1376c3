-- Deletes an ended task. The indices skip it from then on.
-- ARGV  id.
-- Returns done (1 or 0) and its state; nothing for an unknown id.
local status = call('HGET', K.task(ARGV[1]), 'status')
if not status then return {} end
if status ~= 'SUCCESS' and status ~= 'FAILURE' and status ~= 'REVOKED' then return { 0, status } end
call('DEL', K.task(ARGV[1]), K.events(ARGV[1]))
return { 1, status }
