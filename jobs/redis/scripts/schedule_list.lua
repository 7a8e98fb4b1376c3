-- Schedules by name.
-- ARGV  'all' or 'code', after which name ('' from the first), how many.
-- Returns per schedule: name, fields and values.
local which, after, limit = unpack(ARGV)
local names
if which == 'code' then
  names = call('SMEMBERS', K.schedules_in_code)
else
  local from = after == '' and '-' or '(' .. after
  names = call('ZRANGEBYLEX', K.schedules, from, '+', 'LIMIT', 0, limit)
end
local reply = {}
for _, name in ipairs(names) do
  reply[#reply + 1] = name
  reply[#reply + 1] = call('HGETALL', K.schedule(name))
end
return reply
