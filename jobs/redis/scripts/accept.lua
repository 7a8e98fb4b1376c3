-- Accepts tasks, for the scripts that do. Comes after steps.lua.

local DAY = 86400

local function instant(value, now)
  if value == '' then return nil end
  return whole(value:sub(1, 1) == '+' and now + tonumber(value) or tonumber(value))
end

-- Who keeps a new task with this key out, and its state.
local function keeper_of(key, id)
  local keeper = call('GET', K.unique(key))
  if not keeper or call('EXISTS', K.task(id)) == 1 then return nil end
  local status = call('HGET', K.task(keeper), 'status')
  return status and keeper, status
end

-- Keeps others out; answers until when, as it is stored.
local function keep_unique(id, task, now)
  local ms = task.unique_until:match('^%+(.+)$')
  if not ms then
    call('SET', K.unique(task.unique), id)
    return task.unique_until
  end
  call('SET', K.unique(task.unique), id, 'PX', math.max(1, whole(tonumber(ms))))
  return whole(now + tonumber(ms))
end

-- Accepts the tasks in ARGV from `first` on, all of them or, on an error, none. An id that is known is
-- left as it is, so that a call whose answer was lost can be repeated.
-- Per task: id, name, args, queue, priority, max_retries, time_limit, soft_time_limit, eta, expires,
-- idempotency key, number of words, then fields and values as FLOW has them.
-- Times: '' none, '+ms' from now, else Unix time in ms.
-- Answers per task: id, status, created (1 or 0), conflict (1 or 0).
local function accept(first)
  local now = clock()
  local reply, waiting, accepted = {}, {}, {}

  local function answer(id, status, created, conflict)
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = id, status, created, conflict
  end

  local i = first
  while ARGV[i] do
    local id, name, args, queue, priority = unpack(ARGV, i, i + 4)
    local max_retries, time_limit, soft_time_limit, eta, expires, key = unpack(ARGV, i + 5, i + 10)
    local flow, task = nil, { name = name }
    flow, i = list_at(i + 11)
    for k = 1, #flow, 2 do task[flow[k]] = flow[k + 1] end
    local known = key ~= '' and call('GET', K.idempotency(key))
    local other = known and load(known, { 'status', 'name', 'args' })
    local keeper, its_status
    if task.unique then keeper, its_status = keeper_of(task.unique, id) end
    if other then
      local same = other.name == name and other.args == args
      answer(known, other.status, 0, (same or known == id) and 0 or 1)
    elseif keeper then
      answer(keeper, its_status, 0, 0)
    elseif call('HSETNX', K.task(id), 'status', 'PENDING') == 0 then
      answer(id, call('HGET', K.task(id), 'status'), 0, 0)
    else
      local due, expiry = instant(eta, now), instant(expires, now)
      local fields = { 'name', name, 'args', args, 'queue', queue, 'created', now }
      local function set(field, value)
        fields[#fields + 1], fields[#fields + 2] = field, value
      end
      if priority ~= 'normal' then set('priority', priority) end
      if max_retries ~= '3' then set('max_retries', max_retries) end
      if time_limit ~= '' then set('time_limit', time_limit) end
      if soft_time_limit ~= '' then set('soft_time_limit', soft_time_limit) end
      if due then set('eta', due) end
      if expiry then
        set('expires', expiry)
        note(K.expiring, id, expiry)
      end
      if task.unique then task.unique_until = keep_unique(id, task, now) end
      for k = 1, #flow, 2 do set(flow[k], task[flow[k]]) end
      if expiry or #flow > 0 then set('flow', 1) end
      call('HSET', K.task(id), unpack(fields))
      if key ~= '' then call('SET', K.idempotency(key), id, 'EX', DAY) end
      local lane = lane_of(task)
      if due and due > now then
        schedule(id, queue, due)
      elseif lane then
        push('RPUSH', queue, priority, { id }, lane)
      else
        waiting[queue] = waiting[queue] or {}
        waiting[queue][priority] = waiting[queue][priority] or {}
        table.insert(waiting[queue][priority], id)
      end
      call('HSETNX', K.queues, queue, '')
      accepted[#accepted + 1] = id
      announce(id, name, 1, event('PENDING', 0, nil, now))
      answer(id, 'PENDING', 1, 0)
    end
  end

  for queue, priorities in pairs(waiting) do
    for priority, ids in pairs(priorities) do push('RPUSH', queue, priority, ids) end
  end
  if #accepted > 0 then
    each_thousand('LPUSH', K.recent, accepted)
    call('LTRIM', K.recent, 0, MAX_RECENT - 1)
    count('enqueued', #accepted)
  end
  return reply
end
