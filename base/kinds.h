/* kinds.h -- the kinds of members that base/shape.h reads and writes, and when they may be absent.
 *
 *   kind    C type         absent  JSON                limit
 *   TEXT    const char *   NULL    string, not blank   characters
 *   UUID    const char *   NULL    string, any case    -
 *   WORD    const char *   NULL    string, in SUB's list of words
 *   TIME    int64_t us     0       RFC 3339 string     -             our own clock said it
 *   MOMENT  pointer to us  NULL    RFC 3339 string     -             somebody else did: any
 *   INT     int64_t        -       integer             greatest absolute value; 0: 10^15
 *   AMOUNT  int64_t        0       integer from 1      greatest value; 0: 10^15
 *   NUMBER  double         -       number              greatest absolute value
 *   EXTENT  pointer        NULL    number from 0       greatest value
 *   BOOL    bool           -       true, false         -
 *   FLAG    pointer to bool NULL   true, false         -
 *   OBJECT  pointer        NULL    object, shape SUB   -
 *   TEXTS   pointer        NULL    object of 1 to 32 texts   characters of each
 *   LIST    pointer        NULL    array of objects, shape SUB   elements
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a client may leave out of an object or give as null. */
enum presence {
    REQUIRED,
    OPTIONAL,  /* left out or null, which are the same */
    NULLABLE,  /* null, not left out */
    CLEARABLE, /* left out or null, which differ: null sets <name>_cleared of the struct */
};
#define IF_CLEARABLE_REQUIRED(...)
#define IF_CLEARABLE_OPTIONAL(...)
#define IF_CLEARABLE_NULLABLE(...)
#define IF_CLEARABLE_CLEARABLE(...) __VA_ARGS__

enum field_kind {
    KIND_TEXT,
    KIND_UUID,
    KIND_WORD,
    KIND_TIME,
    KIND_MOMENT,
    KIND_INT,
    KIND_AMOUNT,
    KIND_NUMBER,
    KIND_EXTENT,
    KIND_BOOL,
    KIND_FLAG,
    KIND_OBJECT,
    KIND_TEXTS,
    KIND_LIST,
};

/* Texts by key, in the order they came, such as the names of a thing by language. */
struct texts_pair {
    const char *key; /* 1 to 16 letters, digits, dashes and underscores */
    const char *value;
};

struct texts {
    int count;
    struct texts_pair *at;
};

/* Structs of one shape, in the order they came; a list may be empty. */
struct shape_list {
    int count;
    const void *at; /* the first of `count` */
};

#define C_TYPE_TEXT   const char *
#define C_TYPE_UUID   const char *
#define C_TYPE_TIME   int64_t
#define C_TYPE_MOMENT const int64_t *
#define C_TYPE_INT    int64_t
#define C_TYPE_AMOUNT int64_t
#define C_TYPE_NUMBER double
#define C_TYPE_EXTENT const double *
#define C_TYPE_BOOL   bool
#define C_TYPE_FLAG   const bool *
#define C_TYPE_TEXTS  const struct texts *
#define SUB_TEXT      NULL
#define SUB_UUID      NULL
#define SUB_TIME      NULL
#define SUB_MOMENT    NULL
#define SUB_INT       NULL
#define SUB_AMOUNT    NULL
#define SUB_NUMBER    NULL
#define SUB_EXTENT    NULL
#define SUB_BOOL      NULL
#define SUB_FLAG      NULL
#define SUB_TEXTS     NULL
