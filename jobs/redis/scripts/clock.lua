-- Returns the time, in Unix ms.
return clock()
