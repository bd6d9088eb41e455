/* command_body.h -- the body of a command, as it came and as far as it stands in the query string.
 */
#pragma once

#include "events/command.h"
#include "platform/http/http.h"

/* Reads it into c->body by the shape of c->type; texts live as long as the request. Of a DELETE the
 * query string is the whole body, of others it has the members named in `in_query` (ended by NULL),
 * which then stand nowhere else. A command that needs nothing of a body may come with none. */
fallible command_body_read(struct http_request *r, const char *const *in_query, const char *json,
                           size_t length, struct command *c, struct fault *f);
