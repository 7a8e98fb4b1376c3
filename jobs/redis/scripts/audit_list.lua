-- Returns entries of the audit trail, the newest first: id, { 'body', body }.
-- ARGV  how many, id of the last one read ('' for none).
local from = ARGV[2] == '' and '+' or '(' .. ARGV[2]
return call('XREVRANGE', K.audit, from, '-', 'COUNT', ARGV[1])
