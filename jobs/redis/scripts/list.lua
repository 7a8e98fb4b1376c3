-- Looks for tasks, the newest first or the oldest first, as far as one call may go.
-- ARGV  JSON of what is looked for and how, see SearchRequest in jobs/redis/search.ts.
-- Returns the place to go on with as JSON ('' at the end), how many tasks were looked at, how many bytes
-- were read, until when tasks are of this walk, then per task found its id and, unless only ids are asked
-- for, its fields and values.
local MAX_LOOKED, MAX_READ, CHUNK = 500, 2 * 1024 * 1024, 100
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
  text = text:lower()
  for _, spelling in ipairs(spellings) do
    if text:find(spelling, 1, true) then return true end
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
  local created = tonumber(task.created)
  if (q.since and created < q.since) or (q['until'] and created > q['until']) then return false end
  if not at_most then return true end
  return created <= at_most and not (is_over(task) and tonumber(task.finished) > at_most)
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

-- Where tasks are: lists, and one sorted set, in groups that are walked one after the other. A group has
-- a name by which the cursor knows it; the lists of one group are merged by time. `newest` is the end of
-- a list where the newest are, `time` the field by which it is ordered.
local RANKS = q.walk == 'list' and { active = '1', waiting = '2', scheduled = '3', ended = '4' }
  -- The way that tasks go, so that none gets past the walk.
  or { scheduled = '1', waiting = '2', active = '3', ended = '4' }

local function groups()
  if not wanted then
    return { { name = '0', { key = K.recent, newest = 'left', time = 'created' } } }
  end
  local found = {}
  local function add_group(rank, rest, lists)
    lists.name = RANKS[rank] .. rest
    found[#found + 1] = lists
  end
  if wanted.STARTED or wanted.PROGRESS then
    for _, worker in ipairs(q.worker and { q.worker } or call('ZRANGE', K.workers, 0, -1)) do
      add_group('active', worker, { { key = K.active(worker), newest = 'right' } })
    end
  end
  if wanted.PENDING then
    for _, queue in ipairs(q.queue and { q.queue } or call('HKEYS', K.queues)) do
      for level, priority in ipairs(PRIORITIES) do
        local place = queue .. ' ' .. level .. ' '
        local function add_list(rest, key)
          add_group('waiting', place .. rest, { { key = key, newest = 'right', time = 'ready' } })
        end
        add_list('', K.queue(queue, priority))
        for _, lane in ipairs(call('HKEYS', K.lanes(queue, priority))) do
          add_list(lane, K.lane(queue, priority, lane))
        end
      end
    end
  end
  if wanted.PENDING or wanted.RETRY then
    add_group('scheduled', '', { { key = K.scheduled, is_set = true } })
  end
  local ended_lists = {}
  for _, state in ipairs({ 'SUCCESS', 'FAILURE', 'REVOKED' }) do
    if wanted[state] then
      ended_lists[#ended_lists + 1] = { key = K.recent_of(state), newest = 'left', time = 'finished' }
    end
  end
  if #ended_lists > 0 then add_group('ended', '', ended_lists) end
  table.sort(found, function(a, b) return a.name < b.name end)
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
  return tonumber(task[list.time] or task.created)
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
  local position, time, id = unpack(anchor)
  if list.is_set then
    local rank = call('ZRANK', list.key, id)
    if rank then return rank + 1 end
    return q.walk == 'leave' and 0 or call('ZCOUNT', list.key, '-inf', '(' .. time)
  end
  if id_at(list, position) == id then return position + 1 end
  local found = call('LPOS', list.key, id, 'RANK', starts_left(list) and 1 or -1)
  if found then return (starts_left(list) and found or call('LLEN', list.key) - 1 - found) + 1 end
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
    list.anchor = { list.position - 1 - list.found, time or (list.anchor and list.anchor[2]) or 0, id }
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
  reply[1] = cjson.encode({ group = group.name, anchors = anchors, at_most = at_most })
  return reply
end

if q.id and #q.id >= 36 then -- a whole id
  local task = read(q.id, BRIEF, {})
  looked = 1
  if fits_brief(q.id, task) and fits_text(q.id, task) and not q.cursor then answer(q.id) end
  return finish_call()
end

local found, from = 0, q.cursor and q.cursor.group or ''
for _, group in ipairs(groups()) do
  if group.name >= from then
    opened = opened + 1
    for i, list in ipairs(group) do
      open(list, group.name == from and q.cursor and q.cursor.anchors[i])
    end
    local list = first_of(group)
    while list do
      if found == q.limit or looked + opened >= MAX_LOOKED or looked >= q.look or bytes >= MAX_READ then
        return finish_call(group)
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
  end
end
return finish_call()
