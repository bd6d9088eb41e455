/* paths.c -- the rows of all routes.def, and the paths of the gateway's own. */
#include "api/paths.h"

#include <stdlib.h>

#include "base/text.h"
#include "base/banned.h"

#define ROUTE(method, path, ...)    {#method, path},
#define ACCOUNT(method, path, ...)  {#method, path},
#define QUERY(method, path, ...)    {#method, path},
#define DOCUMENT(method, path, ...) {#method, path},
#define LINK(...)
#define BULK(method, path, ...)    {#method, path},
#define FIX(method, path, ...)     {#method, path},
#define FIX_AND(method, path, ...) {#method, path},
#define PROBES(service)            {"GET", "/health/" service}, {"GET", "/ready/" service},
const struct api_path api_paths[] = {
#include "lists/routes.def"
#include "query-api/routes.def"
    PROBES("command-api") PROBES("query-api") PROBES("projector") PROBES("sla-worker"){NULL, NULL}};

static bool has(const struct http_route *routes, int count, const struct api_path *p)
{
    for (int i = 0; i < count; i++)
        if (text_equal(routes[i].path, p->path) && text_equal(routes[i].method, p->method))
            return true;
    return false;
}

struct http_route *api_routes(const struct http_route *own, int *count)
{
    int n = 0, all = 0;
    while (own[n].path)
        n++;
    while (api_paths[all].path)
        all++;
    struct http_route *routes = must_alloc((size_t)(n + all), sizeof(*routes));
    memcpy(routes, own, (size_t)n * sizeof(*routes));
    for (const struct api_path *p = api_paths; p->path; p++)
        if (!has(routes, n, p))
            routes[n++] = (struct http_route){p->method, p->path, NULL, NULL};
    *count = n;
    return routes;
}
