/* paths.h -- every path of the city with its methods, whichever service answers it. Each service
 * knows them all: so it says 404 and 405 with a whole Allow by itself, whatever stands in front. */
#pragma once

#include "platform/http/http.h"

/* Who answers a row. What stands in front sends GET and HEAD to query-api, all else and the paths
 * below the prefixes of tools/conf/Caddyfile to command-api; tests/checks/gateway.py holds the rows
 * to that. Probes are each service's own, and reach it under /health/<service>. */
struct api_path {
    const char *method, *path;
};
extern const struct api_path api_paths[]; /* ended by a NULL path */

/* A table of the routes that `own` holds (ended by a NULL path), and of all others as another
 * service's. The caller frees it. */
struct http_route *api_routes(const struct http_route *own, int *count);
