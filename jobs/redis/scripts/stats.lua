-- Returns all counters: field, value.
return call('HGETALL', K.stats)
