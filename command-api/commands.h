/* commands.h -- the HTTP face of the commands: rows of routes.def as routes of the server. */
#pragma once

#include "platform/http.h"

extern const struct http_route command_routes[];
extern const int command_route_count;

/* "\"7\"", "\"7-ab12\"", "W/\"7-ab12\"" or "*" (no version: 0). False: another form. */
bool if_match_version(const char *header, int64_t *version);
