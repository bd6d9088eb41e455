/* commands.h -- the HTTP face of the commands: rows of routes.def as routes of the server. */
#pragma once

#include "domain/command.h"
#include "platform/http.h"
#include "platform/store.h"

extern const struct http_route command_routes[];
extern const int command_route_count;

/* What a request asks for, as a keyed hash: name, `path` ("" if it has no id), the completed body
 * as its shape writes it, preconditions. However a client spells the same wish, it is the same
 * digest. */
void command_digest(const unsigned char secret[32], const struct command *c, const char *path,
                    char out[HASH_TEXT]);
