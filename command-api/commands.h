/* commands.h -- the HTTP face of the commands: the ROUTE rows of features/<name>/routes.def as
 * routes of the server. A row: method, path, who may (a mask of roles), the command, the status of
 * a success (201: with a Location, the row's path and the new id, which is the answer's first
 * member; of a part of an item, the item, which shows it), what it tells and takes of versions
 * (enum versioning), what a malformed path means. */
#pragma once

#include "events/command.h"
#include "platform/http/http.h"
#include "platform/postgres/store.h"

extern const struct http_route command_routes[];
extern const int command_route_count;
/* command_may_be_anonymous of a ROUTE row's command, and of what a route's requests ask for. */
bool command_row_may_be_anonymous(const void *row);
bool command_route_may_be_anonymous(const struct http_route *route);

/* For a handler that does something else before: reads the request as one of a ROUTE row, with that
 * body. A problem: nothing is begun. */
struct command_request;
fallible command_read(struct http_request *r, const void *row, const char *json, size_t length,
                      struct command_request **out, struct fault *f);
/* On the request's loop: has it decided, and answers. */
void command_begin(struct command_request *c);

/* What becomes of a command goes on record with its request: the position it wrote, or that it may
 * be an anonymous author's. Before the answer. */
struct pending;
void command_note(struct http_request *r, const struct pending *p);

/* What a request asks for, as a keyed hash: name, `path` ("" if it has no id), the completed body
 * as its shape writes it, preconditions. However a client spells the same request, it is the same
 * digest. */
void command_digest(const unsigned char secret[32], const struct command *c, const char *path,
                    char out[DIGEST_TEXT]);
