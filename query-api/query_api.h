/* query_api.h -- the parts of one query-api process, as its handlers see them (http_context), and
 * their start and stop. Made before the server starts, constant until it has stopped. */
#pragma once

#include <stdatomic.h>

#include "platform/http/http.h"
#include "platform/process/settings.h"
#include "platform/identity/token.h"

struct auditor;       /* audit/audit.h */
struct audit_reads;   /* query-api/audit_reads.h */
struct city_health;   /* platform/process/city_health.h */
struct documents;     /* query-api/documents.h */
struct head;          /* query-api/head.h */
struct view_progress; /* query-api/view_progress.h */
struct query;         /* query-api/query.h */

struct query_api {
    const struct settings *settings;
    struct token_key *key; /* verifies tokens */
    struct revoked *revoked;
    unsigned char pseudonym_secret[32];
    struct query *queries; /* one a row of query_routes */
    int query_count;
    struct documents *documents;
    struct view_progress *view_progress;
    struct head *head;
    struct pool *readers;
    struct city_health *health;
    struct http_route *routes;
    int loops;
    struct auditor *audit; /* NULL: no record is kept */
    struct audit_reads *audit_reads;
    struct http_server *server;
    atomic_bool stopping;
};

/* Reads keys, connects lazily, binds the port and serves. `s` is borrowed. NOT_STARTED, logged. */
fallible query_api_new(const struct settings *s, struct query_api **out);
/* Refuses new work, answers what is under way, joins all threads, frees. NULL is allowed. */
void query_api_free(struct query_api *api);
int query_api_port(const struct query_api *api);
