/* documents.h -- what is built into the program and the same for everybody: the schemas of the
 * events and the description of the HTTP interface. */
#pragma once

struct response;
struct documents;
struct http_request;
struct problem;

struct documents *documents_new(void);
void documents_free(struct documents *d); /* NULL is allowed */

/* Handlers of routes.def; the process's documents are found by http_context. */
void document_root(struct http_request *r, const void *row);
void document_problem_index(struct http_request *r, const void *row);
void document_problem(struct http_request *r, const void *row);
void document_openapi(struct http_request *r, const void *row);
void document_schema_index(struct http_request *r, const void *row);
void document_schema(struct http_request *r, const void *row);

/* Replies with it, or with `missing` if it is NULL. Documents take no parameters. */
void document_serve(struct http_request *r, struct response *response,
                    const struct problem *missing);
