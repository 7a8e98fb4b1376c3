-- Returns all records of who may come in: field, value; nothing while their revision is the one given.
-- ARGV  revision that the caller knows, '' for none.
if call('HGET', K.access, 'revision') == ARGV[1] then return false end
return call('HGETALL', K.access)
