-- ARGV  id, after.
-- Returns name, created, the number of the first event that follows, then the events;
-- nothing for an unknown id. If that number is 1, the first event is PENDING, which is not stored.
local id, after = ARGV[1], tonumber(ARGV[2])
local task = load(id, { 'created', unpack(PLACE) })
if not task then return {} end
local stored, lacking = call('LLEN', K.events(id)), unstored(id, task)
local before = task.seq - #lacking - stored -- the first event in the list is the next
local first = math.max(after, before) + 1
local reply = { task.name, task.created, after < 1 and before == 1 and 1 or first }
for _, body in ipairs(call('LRANGE', K.events(id), first - before - 1, -1)) do reply[#reply + 1] = body end
for i, body in ipairs(lacking) do
  if before + stored + i >= first then reply[#reply + 1] = body end
end
return reply
