-- ARGV  id, after.
-- Returns name, created, the number of the first event that follows, then the events;
-- nothing for an unknown id. If that number is 1, the first event is the one that is not stored.
local id, after = ARGV[1], tonumber(ARGV[2])
local task = load(id, { 'status', 'name', 'created', 'seq' })
if not task then return {} end
local seq, stored = tonumber(task.seq or 1), call('LLEN', K.events(id))
local first = math.max(after + 1, seq - stored + 1)
local reply = { task.name, task.created, first }
if after < 1 and stored == seq - 1 then reply[3] = 1 end
for _, body in ipairs(call('LRANGE', K.events(id), first - (seq - stored + 1), -1)) do
  reply[#reply + 1] = body
end
return reply
