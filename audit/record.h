/* record.h -- one record of the audit: a struct, its canonical text, which is what is hashed, and
 * the document that MongoDB holds of it. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define INT                int64_t
#define TEXT               const char *
#define MEMBER(name, kind) kind name;
struct audit_record {
#include "audit/members.def"
};
#undef MEMBER
#undef TEXT
#undef INT

#define BOOK(name, days, quarters) BOOK_##name,
enum audit_book {
#include "audit/books.def"
    AUDIT_BOOKS
};
#undef BOOK

#define AUDIT_DATABASE "citywatch_audit"
#define AUDIT_SEALS    "audit_seals" /* the collection of all books' seals */
/* "requests", "security". */
const char *audit_book_name(enum audit_book b);
/* Its share of AUDIT_SPOOL_BYTES. */
int64_t audit_book_bytes(enum audit_book b, int64_t spool_bytes);
/* The collection of its documents. */
const char *audit_collection(enum audit_book b);
/* Of a kind of kinds.def; of any other word the book that is kept longest. */
enum audit_book audit_book_of(const char *kind);

/* Appends the canonical text: one JSON object, members in the order of members.def, absent ones
 * left out, no white space outside of strings. A text is cut to RECORD_TEXT_MAX bytes, and its
 * bytes that are not UTF-8 become question marks: what a client sent never makes a record that
 * cannot be stored. `count` is the last member. */
enum { RECORD_TEXT_MAX = 256 };
void record_write(const struct audit_record *r, struct text *out);
/* Appends bytes that are the same for the same members alone: a key that costs less than the text.
 */
void record_key(const struct audit_record *r, struct text *out);

/* Numbers of records have 12 digits in ids. */
#define RECORD_NUMBER_MAX INT64_C(999999999999)
enum { CHAIN_HASH = 32, CHAIN_HASH_TEXT = 65, WRITER_TEXT = 80 }; /* bytes, texts with the NUL */

/* Where a chain stands: the last record's number and hash; number 0: none. */
struct chain_end {
    char writer[WRITER_TEXT];
    int64_t n;
    unsigned char hash[CHAIN_HASH];
};

/* hash(0) is BLAKE2b-256 of the writer's id, hash(n) that of hash(n-1) and the canonical text. */
void chain_begin(struct chain_end *c, const char *writer);
void chain_add(struct chain_end *c, const char *canonical, size_t length);
/* Only the hash that would follow. */
void chain_follow(const unsigned char before[CHAIN_HASH], const char *canonical, size_t length,
                  unsigned char out[CHAIN_HASH]);
bool chain_hash_read(const char *hex, unsigned char out[CHAIN_HASH]);

/* Appends the document of a record: _id "<writer>:<n, 12 digits>", writer, n, hash, then the
 * members of the canonical text. */
void record_document(const struct chain_end *c, const char *canonical, struct text *out);

/* A document as MongoDB gave it. */
struct stored_record {
    const char *id, *writer;
    int64_t n;
    unsigned char hash[CHAIN_HASH];
    struct audit_record record;
};
/* Texts go into `a`. False: not the document of a record, that is, a member that is none, is there
 * twice, has another type, or is 0. */
bool record_read(const char *document, struct arena *a, struct stored_record *out);
/* Appends it as an object for people: id, hash, then the members, `at` in RFC 3339. */
void record_show(const struct stored_record *r, struct text *out);
