-- ARGV  id.
-- Returns how many ids are before a task that waits in the plain lists of its queue; nothing where it
-- does not, or is further down than is looked for.
local MAX_POSITION = 10000
local id = ARGV[1]
local task = load(id, { 'status', 'name', 'queue', 'priority', 'rare' })
if not task or task.status ~= 'PENDING' or lane_of(task) then return nil end
local before = 0
for _, priority in ipairs(PRIORITIES) do
  local list = K.queue(task.queue, priority)
  if priority == task.priority then
    local found = call('LPOS', list, id, 'MAXLEN', MAX_POSITION)
    return found and before + found or nil
  end
  before = before + call('LLEN', list)
end
