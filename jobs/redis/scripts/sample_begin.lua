-- Begins the sample of the present step, for one caller of all.
-- ARGV  the length of a step in ms.
-- Returns the time, or nil where another has begun it; then milliseconds until the next step.
even_if_full()
local length, now = tonumber(ARGV[1]), clock()
local step = math.floor(now / length)
local is_first = call('GET', K.sampled) ~= tostring(step)
if is_first then call('SET', K.sampled, tostring(step)) end
return { is_first and now, (step + 1) * length - now }
