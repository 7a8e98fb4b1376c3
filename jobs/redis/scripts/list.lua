-- One page of tasks, newest first where the index is ordered so.
-- ARGV  state, name, queue, part of its error's type or message ('' for any), limit, cursor ('' or 'source:position:id').
-- Returns the next cursor ('' on the last page), then per task its id and its fields and values.
-- A page also ends early when it has looked at MAX_LOOKED tasks or holds MAX_BYTES of values.
local state, name, queue, part = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local limit, cursor = tonumber(ARGV[5]), ARGV[6]
local MAX_LOOKED, MAX_BYTES, CHUNK = 5000, 4 * 1024 * 1024, 200

local function has_error(id)
  local encoded = call('HGET', K.task(id), 'error')
  if not encoded then return false end
  local is_text, found = pcall(cjson.decode, encoded)
  if not is_text then return encoded:find(part, 1, true) end -- a character that was cut in two
  return (found.type):find(part, 1, true) or (found.message):find(part, 1, true)
end

-- Where tasks of a state are: { kind, key }. 'head' lists have the newest first, 'tail' lists last.
local function sources()
  if state == '' then return { { 'head', K.recent } } end
  if state == 'SUCCESS' or state == 'FAILURE' or state == 'REVOKED' then
    return { { 'head', K.recent_of(state) } }
  end
  if state == 'RETRY' then return { { 'zset', K.scheduled } } end
  local found = {}
  if state == 'PENDING' then
    local names = queue ~= '' and { queue } or call('HKEYS', K.queues)
    table.sort(names)
    for _, each in ipairs(names) do
      for _, priority in ipairs(PRIORITIES) do
        found[#found + 1] = { 'tail', K.queue(each, priority) }
        local lanes = call('HKEYS', K.lanes(each, priority))
        table.sort(lanes)
        for _, lane in ipairs(lanes) do
          found[#found + 1] = { 'tail', K.lane(each, priority, lane) }
        end
      end
    end
    found[#found + 1] = { 'zset', K.scheduled }
  else
    for _, worker in ipairs(call('ZRANGE', K.workers, 0, -1)) do
      found[#found + 1] = { 'tail', K.active(worker) }
    end
  end
  return found
end

local function read(source, from)
  local kind, key = unpack(source)
  if kind == 'zset' then return call('ZRANGE', key, from, from + CHUNK - 1) end
  if kind == 'head' then return call('LRANGE', key, from, from + CHUNK - 1) end
  local ids, newest_first = call('LRANGE', key, -from - CHUNK, -from - 1), {}
  for i = #ids, 1, -1 do newest_first[#newest_first + 1] = ids[i] end
  return newest_first
end

-- Where to go on: after the last id seen, if it is still there, else where it was.
local function resume(source, position, id)
  local kind, key = unpack(source)
  local found
  if kind == 'zset' then
    found = call('ZRANK', key, id)
  else
    found = call('LPOS', key, id, 'RANK', kind == 'head' and 1 or -1, 'MAXLEN', 100000)
    if found and kind == 'tail' then found = call('LLEN', key) - 1 - found end
  end
  return found and found + 1 or position
end

local all = sources()
local source, position, last = cursor:match('^(%d+):(%d+):(.*)$')
source, position = tonumber(source or 1), tonumber(position or 0)
if last and all[source] then position = resume(all[source], position, last) end

local reply, found, looked, bytes = { '' }, 0, 0, 0
while all[source] do
  local ids = read(all[source], position)
  for _, id in ipairs(ids) do
    position = position + 1
    looked = looked + 1
    local task = load(id, { 'status', 'name', 'queue' })
    if task and (state == '' or task.status == state) and (name == '' or task.name == name)
      and (queue == '' or task.queue == queue) and (part == '' or has_error(id)) then
      local fields = call('HGETALL', K.task(id))
      for _, value in ipairs(fields) do bytes = bytes + #value end
      found = found + 1
      reply[#reply + 1] = id
      reply[#reply + 1] = fields
    end
    if found == limit or looked >= MAX_LOOKED or bytes >= MAX_BYTES then
      reply[1] = source .. ':' .. position .. ':' .. id
      return reply
    end
  end
  if #ids < CHUNK then source, position = source + 1, 0 end
end
return reply
