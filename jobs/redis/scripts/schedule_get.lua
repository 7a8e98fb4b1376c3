-- ARGV  name.
-- Returns its fields and values.
return call('HGETALL', K.schedule(ARGV[1]))
