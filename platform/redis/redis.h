/* redis.h -- one Redis connection of one thread, with deadlines and its own reconnect. Commands are
 * always sent as argument vectors. Every call blocks, at most its deadline, which connecting
 * and authenticating share with the command; a connection that is lost or late is closed, the next
 * call opens a new one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"

struct redis;

/* `host` may be the path of a unix socket, "/…"; the port counts for nothing then. Does not connect
 * yet; texts are borrowed; password NULL or "": none. */
struct redis *redis_new(const char *host, int port, const char *password, int timeout_ms);
void redis_free(struct redis *r); /* NULL is allowed */

/* One reply, copied into an arena. */
struct redis_reply {
    enum { REPLY_NIL, REPLY_INT, REPLY_TEXT, REPLY_ERROR, REPLY_ARRAY } kind;
    int64_t integer;
    const char *text; /* TEXT, status and ERROR; ended by NUL */
    size_t length;
    int count; /* ARRAY */
    const struct redis_reply *at;
};

struct redis_argument {
    const char *at;
    size_t length;
};

/* REDIS_UNAVAILABLE: no connection, lost, deadline passed; outcome unknown. An error reply is not a
 * problem here: *out has kind ERROR. */
fallible redis_call(struct redis *r, const struct redis_argument *args, int count, struct arena *a,
                    struct redis_reply *out);
/* The same for texts, the list ended by NULL: redis_command(r, a, &reply, "XLEN", key, NULL). */
fallible redis_command(struct redis *r, struct arena *a, struct redis_reply *out, ...)
    __attribute__((sentinel));
int64_t redis_generation(const struct redis *r);
const char *redis_library(void); /* version of hiredis */

/* ---- entries of the event streams ---- */

/* Order and names of an entry's fields; README section "Consuming events". */
enum entry_field {
    ENTRY_SPECVERSION,
    ENTRY_ID,
    ENTRY_SOURCE,
    ENTRY_TYPE,
    ENTRY_SUBJECT,
    ENTRY_TIME,
    ENTRY_DATACONTENTTYPE,
    ENTRY_DATASCHEMA,
    ENTRY_SEQUENCE,
    ENTRY_PREV,
    ENTRY_STREAMVERSION,
    ENTRY_CORRELATIONID,
    ENTRY_CAUSATIONID,
    ENTRY_TRACEPARENT,
    ENTRY_TENANT,
    ENTRY_EPOCH,
    ENTRY_DATA,
    ENTRY_FIELDS
};
extern const char *const entry_names[ENTRY_FIELDS];

struct entry {
    int64_t position;
    int64_t prev, epoch, version;
    int schema;
    const char *fields[ENTRY_FIELDS];
};

/* Up to `count` entries of one key after `position`; blocks up to block_ms (less than the deadline;
 * 0: does not block). An entry that is not of this form ends the list before it and sets
 * *malformed: the reader heals from the store. */
fallible redis_read(struct redis *r, const char *key, int64_t position, int count, int block_ms,
                    struct arena *a, struct entry **out, int *found, bool *malformed);
