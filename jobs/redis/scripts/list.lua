-- Looks for tasks, the newest first or the oldest first, as far as one call may go.
-- ARGV  JSON of what is looked for and how, see SearchRequest in jobs/redis/search.ts.
-- Returns the place to go on with as JSON ('' at the end), how many tasks were looked at, how many bytes
-- were read, until when tasks are of this walk, then per task found its id and, unless only ids are asked
-- for, its fields and values.
local MAX_LOOKED, MAX_READ, CHUNK, MAX_LANES = 500, 512 * 1024, 100, 1600
-- More than 200 characters however they are encoded; the rest of the last is cut off with what is too much.
local MAX_PREVIEW = 640

local q = cjson.decode(ARGV[1])
local looked, bytes, opened = 0, 0, 0
-- A walk leaves alone what was accepted, or ended, after it began.
local at_most
if q.walk ~= 'list' then at_most = q.cursor and q.cursor.at_most or clock() - 1 end

-- What fits.

local wanted
if q.states then
  wanted = {}
  for _, state in ipairs(q.states) do wanted[state] = true end
end

-- Text is looked for in any of its spellings, whatever the case of ASCII letters.
local function has(text, spellings)
  if not text then return false end
  bytes = bytes + #text
  local lower
  for _, spelling in ipairs(spellings) do
    if spelling:find('%l') then
      lower = lower or text:lower()
      if lower:find(spelling, 1, true) then return true end
    elseif text:find(spelling, 1, true) then
      return true
    end
  end
  return false
end

local function error_has(encoded, spellings)
  if not encoded then return false end
  bytes = bytes + #encoded
  local is_text, found = pcall(cjson.decode, encoded)
  if not is_text then return has(encoded, spellings) end -- a character that was cut in two
  return has(found.type, spellings) or has(found.message, spellings)
end

local BRIEF = { 'status', 'name', 'queue', 'worker', 'schedule', 'created', 'ready', 'finished' }

local EXACT = { 'name', 'queue', 'worker', 'schedule' }

local function fits_brief(id, task)
  if not task.status or (wanted and not wanted[task.status]) then return false end
  if q.id and id:sub(1, #q.id) ~= q.id then return false end
  for _, field in ipairs(EXACT) do
    if q[field] and task[field] ~= q[field] then return false end
  end
  local created = tonumber(task.created or 0)
  if (q.since and created < q.since) or (q['until'] and created > q['until']) then return false end
  if not at_most then return true end
  return created <= at_most and not (is_over(task) and tonumber(task.finished or 0) > at_most)
end

local function fits_text(id, task)
  if not (q.args or q.result or q.error or q.text) then return true end
  local args, result, error = unpack(call('HMGET', K.task(id), 'args', 'result', 'error'))
  if q.args and not has(args, q.args) then return false end
  if q.result and not has(result, q.result) then return false end
  if q.error and not error_has(error, q.error) then return false end
  return not q.text or has(id, q.text) or has(task.name, q.text) or has(args, q.text)
    or has(result, q.text) or error_has(error, q.text)
end

-- What is answered.

local function brief_error(encoded)
  local is_text, found = pcall(cjson.decode, encoded)
  if not is_text then return encoded end
  return cjson.encode({ type = (found.type):sub(1, MAX_PREVIEW), message = (found.message):sub(1, MAX_PREVIEW) })
end

local function fields_of(id)
  local fields = call('HGETALL', K.task(id))
  for i = 2, #fields, 2 do
    bytes = bytes + #fields[i]
    local field = fields[i - 1]
    if q.view == 'summary' then
      if field == 'args' or field == 'result' then fields[i] = fields[i]:sub(1, MAX_PREVIEW) end
      if field == 'meta' then fields[i] = 'null' end
      if field == 'error' then fields[i] = brief_error(fields[i]) end
    end
  end
  return fields
end

-- Where tasks are: lists, and one sorted set, in groups that are walked one after the other. The cursor
-- knows a group by its place: what it is, of which worker or queue, the priority and the lane. The lists
-- of one group are merged by time. `newest` is the end of a list where the newest are, `time` the field
-- by which it is ordered.
local ACTIVE, WAITING, SCHEDULED, ENDED = 1, 2, 3, 4
-- A walk goes the way that tasks go, so that none gets past it.
if q.walk ~= 'list' then ACTIVE, SCHEDULED = 3, 1 end

-- Whether a place is before another, as far as their first so many parts say.
local function is_before(a, b, parts)
  for i = 1, parts do
    if a[i] ~= b[i] then return a[i] < b[i] end
  end
  return false
end

-- The lanes from one on, in order: of very many only the next, which are more than one call looks at.
local function lanes_from(queue, priority, first)
  local lanes = {}
  for _, lane in ipairs(call('HKEYS', K.lanes(queue, priority))) do
    if first == '' or not (lane < first) then lanes[#lanes + 1] = lane end
  end
  while #lanes > MAX_LANES do
    local sample, some = {}, {}
    for i = 1, #lanes, math.floor(#lanes / 400) do sample[#sample + 1] = lanes[i] end
    table.sort(sample)
    local bound = sample[math.floor(#sample / 3)]
    for _, lane in ipairs(lanes) do
      if not (bound < lane) then some[#some + 1] = lane end
    end
    if #some <= MAX_LOOKED then break end
    lanes = some
  end
  table.sort(lanes)
  return lanes
end

local function groups_of_queue(queue, level, first)
  local priority, found = PRIORITIES[level], {}
  local function add_group(lane, key)
    local list = { key = key, newest = 'right', time = 'ready' }
    found[#found + 1] = { place = { WAITING, queue, level, lane }, list }
  end
  if first == '' then add_group('', K.queue(queue, priority)) end
  for _, lane in ipairs(lanes_from(queue, priority, first)) do
    add_group(lane, K.lane(queue, priority, lane))
  end
  return found
end

-- All groups, but those of the lanes of a queue and priority as one, in their order.
local function places()
  if not wanted then
    local list = { key = K.recent, newest = 'left', time = 'created' }
    return { { place = { 0, '', 0, '' }, list } }
  end
  local found = {}
  if wanted.STARTED or wanted.PROGRESS then
    for _, worker in ipairs(q.worker and { q.worker } or call('ZRANGE', K.workers, 0, -1)) do
      local list = { key = K.active(worker), newest = 'right' }
      found[#found + 1] = { place = { ACTIVE, worker, 0, '' }, list }
    end
  end
  if wanted.PENDING then
    for _, queue in ipairs(q.queue and { q.queue } or call('HKEYS', K.queues)) do
      for level = 1, #PRIORITIES do found[#found + 1] = { place = { WAITING, queue, level, '' } } end
    end
  end
  if wanted.PENDING or wanted.RETRY then
    found[#found + 1] = { place = { SCHEDULED, '', 0, '' }, { key = K.scheduled, is_set = true } }
  end
  local ended_lists = { place = { ENDED, '', 0, '' } }
  for _, state in ipairs({ 'SUCCESS', 'FAILURE', 'REVOKED' }) do
    if wanted[state] then
      ended_lists[#ended_lists + 1] = { key = K.recent_of(state), newest = 'left', time = 'finished' }
    end
  end
  if #ended_lists > 0 then found[#found + 1] = ended_lists end
  table.sort(found, function(a, b) return is_before(a.place, b.place, 3) end)
  return found
end

local function starts_left(list)
  return (list.newest == 'left') == (q.walk == 'list')
end

local function read_chunk(list, from)
  if list.is_set then return call('ZRANGE', list.key, from, from + CHUNK - 1) end
  if starts_left(list) then return call('LRANGE', list.key, from, from + CHUNK - 1) end
  local ids, turned = call('LRANGE', list.key, -from - CHUNK, -from - 1), {}
  for i = #ids, 1, -1 do turned[#turned + 1] = ids[i] end
  return turned
end

local function id_at(list, position)
  return call('LINDEX', list.key, starts_left(list) and position or -position - 1)
end

local function time_of(list, task)
  return tonumber(task[list.time] or task.created or 0)
end

-- Where what comes after a time begins, or what has that very time: rather twice than never.
local function search_time(list, time)
  local low, high = 0, call('LLEN', list.key)
  while low < high do
    local middle, task = math.floor((low + high) / 2), {}
    local probe = middle
    while not task.status and probe < math.min(high, middle + 20) do -- some have expired
      task = read(id_at(list, probe) or '', BRIEF, {})
      probe = probe + 1
    end
    local at = task.status and time_of(list, task)
    local is_before = at and ((q.walk == 'list' and at > time) or (q.walk ~= 'list' and at < time))
    if is_before then low = probe else high = middle end
  end
  return low
end

-- Where to go on: after the last id seen, if it is still there.
local function resume(list, anchor)
  local position, time, id, found = unpack(anchor)
  if list.is_set then
    local rank = call('ZRANK', list.key, id)
    if rank then return rank + 1 end
    return q.walk == 'leave' and 0 or call('ZCOUNT', list.key, '-inf', '(' .. time)
  end
  -- Those found before it have left, or are in the list still although they do not wait any more.
  if id_at(list, position) == id then return position + 1 end
  if found and id_at(list, position - found) == id then return position - found + 1 end
  local at = call('LPOS', list.key, id, 'RANK', starts_left(list) and 1 or -1)
  if at then return (starts_left(list) and at or call('LLEN', list.key) - 1 - at) + 1 end
  -- What is found leaves its list, so the last that stayed was the last of all that stayed before it:
  -- the list has lost its beginning, or one more look does no harm.
  if q.walk == 'leave' then return 0 end
  return list.time and search_time(list, time) or position
end

local function open(list, anchor)
  list.anchor = anchor or false
  list.position = anchor and resume(list, anchor) or 0
  list.ids, list.i, list.found = {}, 0, 0
end

-- The next of a list, without taking it.
local function peek(list)
  if list.next then return list.next end
  if list.i == #list.ids then
    if list.i > 0 and list.i < CHUNK then return nil end
    list.ids, list.i = read_chunk(list, list.position), 0
    if #list.ids == 0 then return nil end
  end
  local id = list.ids[list.i + 1]
  list.next = { id = id, task = read(id, BRIEF, {}) }
  return list.next
end

local function take(list)
  local next = list.next
  list.next, list.i, list.position = nil, list.i + 1, list.position + 1
  return next.id, next.task
end

-- Of the lists of a group, that which has what comes next.
local function first_of(group)
  local first, its_time
  for _, list in ipairs(group) do
    local next = peek(list)
    if next then
      if #group == 1 or not next.task.status then return list end
      local time = time_of(list, next.task)
      if not first or (q.walk == 'list' and time > its_time) or (q.walk ~= 'list' and time < its_time) then
        first, its_time = list, time
      end
    end
  end
  return first
end

-- Notes how far a list was seen. Where the found are about to leave it, that is the last that stays.
local function remember_place(list, id, task, is_found)
  if q.walk == 'leave' and is_found then
    list.found = list.found + 1
  else
    local time = list.is_set and tonumber(call('ZSCORE', list.key, id))
      or task.status and time_of(list, task)
    list.anchor = { list.position - 1, time or (list.anchor and list.anchor[2]) or 0, id, list.found }
  end
end

local reply = { '', 0, 0, at_most or 0 }
local function answer(id)
  reply[#reply + 1] = id
  if q.view ~= 'ids' then reply[#reply + 1] = fields_of(id) end
end

local function finish_call(group)
  reply[2], reply[3] = looked, bytes
  if not group then return reply end
  local anchors = {}
  for i, list in ipairs(group) do anchors[i] = list.anchor end
  reply[1] = cjson.encode({ group = group.place, anchors = anchors, at_most = at_most })
  return reply
end

if q.id and #q.id >= 36 then -- a whole id
  local task = read(q.id, BRIEF, {})
  looked = 1
  if fits_brief(q.id, task) and fits_text(q.id, task) and not q.cursor then answer(q.id) end
  return finish_call()
end

local found, from = 0, q.cursor and q.cursor.group or { -1, '', 0, '' }

-- Goes through a group; answers whether the call has gone far enough.
local function search(group)
  local is_here = not is_before(from, group.place, 4)
  for _, list in ipairs(group) do list.anchor = false end
  if opened >= MAX_LOOKED then return true end -- lists with nothing in them take time too
  opened = opened + 1
  for i, list in ipairs(group) do open(list, is_here and q.cursor and q.cursor.anchors[i]) end
  local list = first_of(group)
  while list do
    if found == q.limit or looked + opened >= MAX_LOOKED or looked >= q.look or bytes >= MAX_READ then
      return true
    end
    local id, task = take(list)
    looked = looked + 1
    local is_found = fits_brief(id, task) and fits_text(id, task)
    if is_found then
      found = found + 1
      answer(id)
    end
    remember_place(list, id, task, is_found)
    list = first_of(group)
  end
  return false
end

for _, at in ipairs(places()) do
  if not is_before(at.place, from, 3) then
    local groups = { at }
    if at.place[1] == WAITING then
      local is_here = not is_before(from, at.place, 3)
      groups = groups_of_queue(at.place[2], at.place[3], is_here and from[4] or '')
    end
    for _, group in ipairs(groups) do
      if search(group) then return finish_call(group) end
    end
  end
end
return finish_call()
