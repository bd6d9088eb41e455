/* http_drain.h -- a server that is to end lets its connections end first, so that a gateway, which
 * keeps connections open, loses no request by it. */
#pragma once

#include "platform/http/http.h"

/* Stops accepting, and listening unless the socket outlives this process (handover.h). Each
 * connection ends with its next answer, which says so, and after `ms` those end that nobody has
 * used. Returns when none is left, after 2 * `ms` at the latest: then those are left whose request
 * is being handled. All else goes on as before, until http_server_stop. Nothing for a server that
 * was not started. */
void http_server_drain(struct http_server *s, int ms);
