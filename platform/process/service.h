/* service.h -- what every service has in common: start, readiness, the routes /health, /ready and
 * /metrics, and a stop that loses nothing. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/http/http.h"
#include "platform/process/settings.h"

/* First call of main: handles --help and --version (prints, exits 0) and --check (tells all faults
 * of the settings and of the files they name, exits 1 if there is one), blocks SIGTERM and SIGINT
 * for all threads to come, ignores SIGPIPE, starts libsodium and the log, raises RLIMIT_NOFILE,
 * reads the settings, refuses a bind to anything but loopback while demo accounts exist, logs the
 * versions of the libraries in use. NOT_STARTED is logged. */
fallible service_start(const char *name, enum service_bit service, int argc, char **argv,
                       struct settings *out);

/* Tells systemd, if that started it, that the service is up. Sleeps until SIGTERM, SIGINT or
 * SIGUSR2, or until service_fail was called. True: a normal stop. */
bool service_wait(void);

/* Last call of main, when all has been freed and no other thread is left: its exit status. After
 * SIGUSR2 it returns only if the process could not start again in its place (handover.h), or is to
 * end by now. */
int service_end(bool well);

/* Any thread: this service cannot go on; logs `why`, wakes service_wait. The supervisor restarts
 * it. */
void service_fail(const char *why);

/* What /ready knows. Each dependency is reported by the thread that uses it, as often as it likes;
 * one that has not reported yet is not ready. Declare before the server starts. */
void ready_declare(const char *dependency);
/* One that the service does its work without: while it is away /ready says "degraded", but 200. */
void ready_declare_optional(const char *dependency);
/* Returns when all that was declared and is not optional is well, after `ms` at the latest. */
void ready_wait(int ms);
/* `lag_seconds` < 0: this dependency has no lag. Any thread, does not block. */
void ready_report(const char *dependency, bool ok, double lag_seconds);
/* Why it is not as it should be, for people, in ASCII; NULL: nothing to say. Copied, up to 511
 * bytes. */
void ready_reason(const char *dependency, const char *reason);
/* Its figures, for people, as JSON members; NULL: none. Copied, none if they are over 2047 bytes.
 */
void ready_figures(const char *dependency, const char *members);

/* The routes of every service, to be appended to its table. GET /health 200 {"status":"ok",
 * "service","version"}; GET /ready 200 or 503 {"status":"ready"|"degraded"|"not ready",
 * "dependencies":{name:{"ok","lag_seconds"[,"reason"][,"figures"]}}}. */
enum { SERVICE_ROUTES = 3 };
/* How long a service that ends waits for gateways to use the connections they keep
 * (http_server_drain). */
enum { SERVICE_DRAIN_MS = 500 };
/* How long one that starts waits, while connections queue, until it can answer (ready_wait). */
enum { SERVICE_START_MS = 1000 };
extern const struct http_route service_routes[SERVICE_ROUTES];
