-- Reads the first sample of each of the last steps.
-- ARGV  the length of a step of the series in ms, of those to read, how many.
-- Returns the samples as they are stored, the newest first.
local every, length, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first = math.floor(clock() / length) - most + 1
local reply, previous = {}, nil
for _, sample in ipairs(call('LRANGE', K.samples(ARGV[1]), 0, most * length / every - 1)) do
  local step = math.floor(tonumber(sample:match('^%d+')) / length)
  if step < first then break end
  reply[step == previous and #reply or #reply + 1] = sample
  previous = step
end
return reply
