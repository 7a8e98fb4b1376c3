-- Stores what running tasks say of themselves. Only who holds the claim may.
-- ARGV  worker, then per task: id, token, percent ('' for no progress), stage ('' for none given),
--       meta as JSON ('' for none), log lines as a JSON string ('' for none).
-- Returns per task: 1, or 0 where the claim no longer holds.
even_if_full()
local worker = ARGV[1]
local now = clock()
local FIELDS = { 'status', 'name', 'seq', 'worker', 'deliveries', 'progress', 'stage', 'started', 'attempt',
  'rare' }
local reply = {}

for i = 2, #ARGV, 6 do
  local id, token, percent, stage, meta, log = unpack(ARGV, i, i + 5)
  local task = load_claimed(id, worker, token, FIELDS)
  if not task then
    reply[#reply + 1] = 0
  else
    reply[#reply + 1] = 1
    local seq = task.seq + 1
    local now_is = { status = task.status, progress = task.progress, stage = task.stage }
    local fields, rest = { 'seq', seq, 'deliveries', token, 'rare', 'all' }, ''
    local function set(field, value)
      now_is[field] = value
      fields[#fields + 1], fields[#fields + 2] = field, value
    end
    if percent ~= '' then
      set('status', 'PROGRESS')
      set('progress', percent)
      if stage ~= '' then set('stage', stage) end
      if meta ~= '' then
        set('meta', meta)
        rest = ',"meta":' .. meta
      end
    end
    if log ~= '' then rest = rest .. ',"log":' .. log end
    emit(id, task, seq, event(now_is.status, now_is.progress, now_is.stage, now, rest))
    call('HSET', K.task(id), unpack(fields))
  end
end
return done(reply)
