/* on_record.h -- what operators do by citywatchctl stands in the record of requests, as kind `ctl`:
 * one record before the first thing is changed, without a status, and one of what became of it,
 * whose status is 200 (done), 400 (wrong usage), 500 (failed) or 503 (a server was away); both bear
 * the same request id. A verb that was killed leaves the first alone. Who did it is the user who
 * logged in to this machine, whatever sudo made of them since, else the user it runs as.
 * AUDIT_SPOOL holds them until MongoDB has them. Nothing that an operator does fails by it. */
#pragma once

/* Keeps what the verb was called with, borrowed; nothing is on record before put_on_record (ctl.h).
 */
void on_record_begin(const char *verb, int argc, char **argv);
/* The verb has ended by this exit code. */
void on_record_end(int code);
