-- Sets or removes a record of who may come in, if it still is what it was.
-- ARGV  field, value ('' to remove it), what it was ('' for not there), how many there may be.
-- Returns 'stored', 'changed' or 'full'.
even_if_full() -- so that nobody stays in because Redis is full
local field, value, before, max = unpack(ARGV)
if (call('HGET', K.access, field) or '') ~= before then return 'changed' end
if value == '' then
  call('HDEL', K.access, field)
else
  if before == '' and call('HLEN', K.access) > tonumber(max) then return 'full' end
  call('HSET', K.access, field, value)
end
call('HINCRBY', K.access, 'revision', 1)
return 'stored'
