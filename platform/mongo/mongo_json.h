/* mongo_json.h -- JSON texts as BSON and back. Of platform/mongo alone: no other header knows BSON.
 */
#pragma once

#include <stdbool.h>

#include <mongoc/mongoc.h>

static inline void bson_cleanup(bson_t **b)
{
    bson_destroy(*b); /* NULL is allowed */
}
#define scoped_bson __attribute__((cleanup(bson_cleanup))) bson_t

/* A new document, NULL if the text is no JSON object: then *error says why. */
bson_t *bson_of_json(const char *json, bson_error_t *error);

/* The same with all integers as 64 bits, so that a member has one type, whatever its value. */
bson_t *bson_of_document(const char *json, bson_error_t *error);

/* Freed by bson_free(). */
char *json_of_bson(const bson_t *document);
