-- Stores a sample, in each series that has none of its step yet.
-- ARGV  its time, its text, then per series: the length of a step in ms, how many are kept.
even_if_full()
local at, body, now = tonumber(ARGV[1]), ARGV[2], clock()

-- The time of the newest sample in a list.
local function newest(list)
  local sample = call('LINDEX', list, 0)
  return sample and tonumber(sample:match('^%d+'))
end

for i = 3, #ARGV, 2 do
  local length, kept = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local list = K.samples(ARGV[i])
  local last = newest(list)
  while last and last > now do -- the clock was set back
    call('LPOP', list)
    last = newest(list)
  end
  if not last or math.floor(last / length) < math.floor(at / length) then
    call('LPUSH', list, ARGV[1] .. ' ' .. body)
    call('LTRIM', list, 0, kept - 1)
  end
end
