/* pending.h -- one command on its way: from its maker to the writer and back. */
#pragma once

#include "events/decision.h"
#include "base/time.h"
#include "platform/process/pool.h"
#include "platform/postgres/store.h"

struct pending {
    struct job job; /* the writer's queue; free for other use once the command is settled */
    /* Called exactly once, on the writer's thread: the command is its maker's again. Must not
     * block: all that wait for the writer would wait too. */
    void (*settled)(struct pending *p);

    /* set by the maker; texts live until `settled` */
    struct command command;
    int64_t deadline; /* monotonic us, set by writer_put: past it the command is not begun */
    /* One of several of the same request. Of an anonymous author it is refused, NOT_TOGETHER: its
     * time and its place beside the others in the log would tell whose it is. */
    bool together;
    int success; /* status stored with an answer that is no refusal: HTTP's, 201, say */
    /* `key` is a hash, under the secret, of the client's key and who asks. The store must not show
     * that one person used a key both anonymously and not, so for an anonymous author another one
     * takes its place: of the same key and their pseudonym. */
    const unsigned char *secret;
    const char *client_key;
    char key[DIGEST_TEXT];
    char digest[DIGEST_TEXT];
    const char *correlation_id; /* of the request, say: goes into the events' metadata */
    const char *traceparent;    /* NULL: none */
    /* Until `settled` it is the writer's, who makes body, fault and members in it. */
    struct arena *arena;

    /* set by the writer */
    enum outcome outcome;
    const struct problem *problem; /* why not; NULL: it is done */
    struct fault fault;
    const char *members; /* of a refusal: JSON members its problem has besides; NULL: none */
    const char *body;    /* JSON members of the answer */
    int status;
    int64_t version, position; /* of the answer; of VERSION_MISMATCH: the current version */
    bool anonymous;            /* the actor is an anonymous author */
    bool decided;              /* a rule has said whether they are; else nobody knows */

    /* the writer's own, freed by pending_release once it is settled */
    struct decision decision;
    char stream[STREAM_TEXT]; /* decided on */
    char declared_reads[DECLARED_READS_MAX][STREAM_TEXT];
    int declared_count;
    uint64_t stream_hash, declared_hashes[DECLARED_READS_MAX]; /* unequal: the names are, too */
    char own_correlation[UUID_TEXT]; /* replaces the client's for an anonymous author */
    uint64_t arrival;                /* number in the order in which the writer met them */
    bool may_be_done;                /* an append of it was sent and its outcome is not known yet */
    struct pending *next_waiting, *previous_waiting;
    struct waiting_name *waits_on[3 + DECLARED_READS_MAX]; /* see waiting.c */
};

/* Counts it by its result and calls `settled`, on the writer's thread. Of a command that may have
 * been done nobody says that nothing was changed: STORE_UNAVAILABLE. */
void pending_hand_back(struct pending *p);
void pending_refuse_busy(struct pending *p); /* the same, with QUEUE_FULL */
void pending_release(struct pending *p);     /* by its maker, once it is settled */

/* The stored key of a command: a hash, under the secret, of the client's key and of who asks: a
 * user id, a pseudonym. */
void command_key(const unsigned char secret[32], const char *client_key, const char *who,
                 char out[DIGEST_TEXT]);
