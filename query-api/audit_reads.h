/* audit_reads.h -- GET /admin/audit: the record of requests as MongoDB has it, for admins. A page
 * of JSON, or by Accept all that fits as a stream of lines. It is read by threads of its own, each
 * with its own client, so that nobody else waits while MongoDB is away or slow. */
#pragma once

struct audit_reads;
struct http_request;
struct query_api;

/* `api` is borrowed. NULL where MONGODB_URI is empty: then every request is MONGO_UNAVAILABLE. */
struct audit_reads *audit_reads_new(struct query_api *api);
/* After http_server_stop, and after http_server_free. NULL is allowed. */
void audit_reads_stop(struct audit_reads *a);
void audit_reads_free(struct audit_reads *a);

/* The handler; `row` is not used. */
void audit_serve(struct http_request *r, const void *row);
