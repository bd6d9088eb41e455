/* city_health.h -- how the whole city is: GET /health/city of command-api and of query-api, which
 * the gateway shows as /health. A thread of its own asks every service's /ready, all at once; what
 * it heard is kept for a second, so that many who ask cost no more than one. */
#pragma once

#include "platform/http/http.h"
#include "platform/process/settings.h"

struct city_health;

/* `s` is borrowed: the services listen on its address, each on its port, but those that
 * service_addresses names. Starts the thread. */
struct city_health *city_health_new(const struct settings *s);
void city_health_free(struct city_health *h); /* before the server; NULL is allowed */

/* The route. The answer comes within CITY_HEALTH_MS whatever hangs: 200 {"status":"healthy"} when
 * all are ready, "degraded" when one is; 503 "unhealthy" when one is not ready or does not answer.
 * `services` names the word of each. */
enum { CITY_HEALTH_MS = 150, CITY_HEALTH_KEPT_MS = 1000 };
struct http_route city_health_route(struct city_health *h);
