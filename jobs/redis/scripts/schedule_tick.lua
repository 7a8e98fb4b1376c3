-- One step of a schedule: enqueues what is due and sets when it is due next, if it is still the schedule
-- that was read and nobody has taken this step.
-- ARGV  name, revision, due, next ('' for never), then as lists with their length in front: what was
--       skipped (JSON, each without its last brace), the due times of the tasks ('' for by hand); then
--       the tasks, as `accept` takes them.
-- Returns what `accept` answers of those that were not created, or nil where it was not.
local name, revision, due, next = unpack(ARGV, 1, 4)
local known = call('HMGET', K.schedule(name), 'revision', 'next')
if known[1] ~= revision or (known[2] or '') ~= due then return nil end

local skipped, dues, first
skipped, first = list_at(5)
dues, first = list_at(first)
if #dues == 0 then even_if_full() end
local now, runs = clock(), {}
for i, run in ipairs(skipped) do runs[i] = run .. ',"at":' .. now .. '}' end

local others, created, other_at = {}, {}, {}
if #dues > 0 then others, created = accept(first) end
for _, other in ipairs(others) do other_at[other[1]] = other end
local taken = 0
for i, at in ipairs(dues) do
  local other, id = other_at[i]
  if other then
    id = other[2]
  else
    taken = taken + 1
    id = created[taken]
    call('HSET', K.task(id), 'schedule', name)
  end
  runs[#runs + 1] = '{"due":' .. (at == '' and 'null' or at) .. ',"at":' .. now
    .. ',"task":' .. text(id) .. (other and id ~= other.given and ',"kept":true' or '') .. '}'
  if at ~= '' then call('HSET', K.schedule(name), 'last_due', at, 'last_task', id) end
end
keep_runs(name, runs)
if next ~= due then set_next(name, next) end
return done(others)
