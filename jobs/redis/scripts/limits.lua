-- Returns all limits: field, value.
return call('HGETALL', K.limits)
