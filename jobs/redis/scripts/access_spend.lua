-- Returns 1 for the first call with this key within its time, else 0.
-- ARGV  key, time in ms.
return call('SET', K.spent(ARGV[1]), '1', 'PX', ARGV[2], 'NX') and 1 or 0
