-- Adds an entry to the audit trail.
-- ARGV  body, how many entries are kept.
even_if_full()
call('XADD', K.audit, 'MAXLEN', ARGV[2], '*', 'body', ARGV[1])
return 1
