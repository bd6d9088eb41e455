/* store.h -- the event store: append, load, read on. Stands on postgres.h and migrations/write.
 * One struct store belongs to one thread; every call blocks at most the connection's deadline. */
#pragma once

#include "base/arena.h"
#include "platform/identity/digest.h"
#include "platform/postgres/postgres.h"

struct store;
struct store *store_new(struct pg *connection); /* borrows the connection */
void store_free(struct store *s);
struct pg *store_connection(struct store *s);

/* ---- append ---- */

enum outcome {
    OPEN,      /* not yet decided by the store */
    COMMITTED, /* events and answer are stored */
    CHECKED,   /* nothing to write; the versions held; an answer of a success is stored */
    REPLAYED,  /* the key was answered before: status, body, version, position are the old answer's
                */
    OUTCOME_KEY_REUSED, /* the key was used for another command */
    STALE,              /* a stream is no longer at its version: nothing was written */
    EARLY,              /* the versions held, not_before had not come: nothing was written */
};

struct append_event {
    int stream; /* index into the append's streams; that one must be written */
    const char *category, *id, *type;
    int schema;
    const char *data, *meta; /* JSON */
};

struct append_stream {
    const char *name;
    int64_t version; /* the decision was made on; 0: does not exist */
    bool written;    /* else only looked at */
};

/* One command. The caller fills it; memory stays the caller's; a stream occurs once. */
struct append {
    const char *actor;        /* user id, pseudonym, "anonymous" or "system" */
    const char *key, *digest; /* lower-case hexadecimal, from digest_parts_hex: 64 characters */
    int status;               /* of the answer; 400 and more: a refusal, which stores nothing */
    const char *body;         /* of the answer, without version and position */
    int64_t version;          /* of the answer: of the stream it is about, after this command */
    int64_t position;         /* of the answer if there are no events */
    int64_t not_before;       /* us since 1970, by the store's clock, as `recorded`: before it
                                 nothing is stored; 0: whenever */
    const struct append_stream *streams;
    int stream_count;
    const struct append_event *events;
    int event_count;
    /* set by store_append; `position` too, that of the last event; on REPLAYED `version`,
     * `position` and `status` of the first answer */
    enum outcome outcome;
    const char *replayed_body; /* in the arena of the call; NULL unless REPLAYED */
};

/* From now on an append to a log of another epoch is refused; 0: none is. */
void store_belongs(struct store *s, int64_t epoch);

enum { BATCH_MAX = 64 };
/* Writes up to BATCH_MAX commands in one transaction by the SQL function append_batch: one commit.
 * No two of them may share a stream that one of them writes, nor a key.
 * STORE_UNAVAILABLE: outcome unknown; the call may be repeated, the keys make it safe.
 * EPOCH_RAISED, BATCH_REJECTED: nothing was written. Outcomes are untouched then. */
fallible store_append(struct store *s, struct append *batch, int count, struct arena *a);

/* ---- reading ---- */

struct stored_event {
    int64_t position, version;
    const char *stream, *category, *id, *type;
    int schema;
    const char *data;                                        /* JSON */
    const char *correlation_id, *causation_id, *traceparent; /* "" if absent */
    int64_t recorded;                                        /* us */
};

struct event_page {
    int count;
    int64_t epoch; /* of the log as it was read; 0 without events and from store_read_data */
    struct stored_event *at; /* in the arena of the call */
};

/* All events of the named streams, by name, then version. */
fallible store_load(struct store *s, const char *const *streams, int count, struct arena *a,
                    struct event_page *out);

/* The first `limit` events after `position`, in order and without a gap. */
fallible store_read(struct store *s, int64_t position, int limit, struct arena *a,
                    struct event_page *out);

/* The same without category and id (NULL) and what comes from meta (""): a third cheaper. */
fallible store_read_data(struct store *s, int64_t position, int limit, struct arena *a,
                         struct event_page *out);
/* store_read for one category, up to position `to`. */
fallible store_read_category(struct store *s, const char *category, int64_t position, int64_t to,
                             int limit, struct arena *a, struct event_page *out);

/* Last position, and the epoch: which life of the log this is. */
fallible store_head(struct store *s, int64_t *position, int64_t *epoch);
fallible store_id(struct store *s, char out[37]);

/* Last position at or before `position` in each category that has one; `call` once per category. */
fallible store_categories(struct store *s, int64_t position,
                          void (*call)(void *arg, const char *category, int64_t last), void *arg);
