/* note.h -- records of a program that is no service and may end at any moment: each is on disk
 * before the call returns. Others of its kind run beside it, so it has its book for one call only,
 * and waits its turn for it. One thread. */
#pragma once

#include "audit/ship.h"

struct note_place {
    const char *spool;   /* AUDIT_SPOOL, which is there */
    int64_t spool_bytes; /* AUDIT_SPOOL_BYTES */
    const char *program; /* "citywatchctl": begins the name of its folder there */
};

/* Waits for the others NOTE_WAIT_MS at most: what ships has the book for as long as MongoDB may
 * take. */
enum { NOTE_WAIT_MS = 15000 };

/* Into the book of its kind. NOT_STARTED, logged: it is not on record. */
fallible note_write(const struct note_place *place, const struct audit_record *r);

/* Seals what that book holds and ships it. Problems of `insert`: it waits for the next call.
 * NOT_STARTED, logged: the book cannot be had. */
fallible note_ship(const struct note_place *place, enum audit_book book, const struct seal_key *key,
                   const struct audit_target *target);
