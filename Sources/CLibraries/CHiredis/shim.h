// What `Redis` uses of hiredis: its formatter and its parser. struct timeval comes first: hiredis.h
// only declares it.
#include <sys/time.h>
#include <hiredis/hiredis.h>
