-- Sets or lifts limits. What another rate has counted is forgotten, and a claim finds out anew what the
-- limits hold back.
-- ARGV  queue, or '' for a task's, then fields of `limits` and their values, '' to lift.
even_if_full()
local queue = ARGV[1]
for i = 2, #ARGV, 2 do
  local field, value = ARGV[i], ARGV[i + 1]
  local is_new = call('HGET', K.limits, field) ~= value
  if value == '' then
    call('HDEL', K.limits, field)
  else
    call('HSET', K.limits, field, value)
  end
  local kind, name = field:match('^(%S+) (.+)$')
  if kind == 'rate' and is_new then call('HDEL', K.rates, 'queue ' .. name) end
  if kind == 'task' and is_new then
    call('HDEL', K.rates, 'task ' .. name)
    bring_back(K.held(name), 100)
    if call('EXISTS', K.held(name)) == 1 then note(K.gates, 'task ' .. name, clock()) end
  end
end
if queue ~= '' then
  call('HSETNX', K.queues, queue, '')
  call('ZREM', K.gates, 'queue ' .. queue)
  control('ready ' .. queue)
else
  for _, each in ipairs(call('HKEYS', K.queues)) do control('ready ' .. each) end
end
return done(1)
