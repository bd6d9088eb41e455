/* fixture.h -- a whole query-api in this process, on a free port, with a store and the tables of
 * all views in real databases; who asks, and a client. One service a test: query_start …
 * query_stop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "events/problems.h"
#include "events/words.h"
#include "query-api/query_api.h"
#include "tests/support/figure.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

/* Starts PostgreSQL once, new databases and the service. `loops`, `cache_bytes` as in settings. */
void query_start(int loops, int64_t cache_bytes);
void query_stop(void);
/* Before query_start: the MongoDB that has the record of requests; "", as it is at first: none. */
void query_record(const char *uri);
void query_restart(void); /* the service alone: the databases stay */
struct query_api *query_service(void);

/* One statement, or several; fails the program if refused. */
void views_sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
void store_sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *views_url(void);
/* Text of the first column of the first row; "" if NULL. Valid until query_stop. */
const char *views_value(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- rows ---- */

/* As the projector would leave it in all views; unset members have plain values. */
struct sample {
    const char *id, *user, *visibility, *category, *kind, *agency, *former, *status, *content,
        *note;
    const char *said;     /* a question and a comment; NULL: none */
    const char *priority; /* set by an officer; NULL: nobody has */
    const char *assignee; /* user id */
    const char *location; /* JSON; "null": none */
    int64_t position, votes, version;
    int64_t touched; /* seconds after the first of all; 0: when it was created */
    int questions_open;
    bool forwarded, held;
};
void add_sample(const struct sample *s);
#define SAMPLE(...) add_sample(&(struct sample){__VA_ARGS__})
const char *sample_id(int n); /* a UUID per number; borrowed for the program's life */
/* A batch that touches all views, and one that touches none. */
void move_lane(int64_t position);
void pass_events(int64_t position);

/* The clock `resolve` of a sample, as sla-worker would leave it: `standing` is a word of
 * sla_status; running: due in so many seconds, else so many remain. */
struct sample_clock {
    const char *id, *standing;
    int64_t seconds;
    int level;
};
void add_clock(const struct sample_clock *c);
/* What the clocks of all rows follow from: by the policy `default` an hour for `resolve`, which
 * began in 1970; `held`: it pauses since a second later. */
void add_clock_states(bool held);
#define CLOCK(...) add_clock(&(struct sample_clock){__VA_ARGS__})

/* query_start with 1 MiB of cache, and that many public reports of citizen1, seen by the service.
 */
void start_with_reports(int loops, int count);

/* Waits until the running service has seen the position; false after 5 s. */
bool lane_seen(int64_t position);

/* ---- who asks ---- */

/* "Bearer …" for the user `name` (their id is user_id(name)), with a session of its own per name.
 */
const char *bearer(const char *name, enum role role, const char *agency);
const char *user_id(const char *name);
/* A patrol of which that user is the crew is sent to every report there is. */
void send_to_all(const char *name);
const char *session_id(const char *name);
const char *pseudonym_for(const char *name);

/* ---- asking ---- */

struct response {
    int status;
    char *head, *body; /* both freed by response_release */
    size_t length;     /* of the body */
};
static inline void response_release(struct response *r)
{
    free(r->head);
    free(r->body);
}
#define scoped_response __attribute__((cleanup(response_release))) struct response

/* GET of the path; `authorization` may be NULL; `headers` more lines, each ended by \r\n, or NULL.
 */
struct response get(const char *path, const char *authorization, const char *headers);
/* The two halves, for requests in flight at once. */
int send_get(const char *path, const char *authorization, const char *headers);
struct response receive(int fd);

/* Value of a header into `out`; "" if absent. */
const char *header(const struct response *r, const char *name, char *out, size_t size);
bool has(const struct response *r, const char *part);            /* the body holds it */
bool refused(const struct response *r, const struct problem *p); /* status and type are p's */
int occurrences(const struct response *r, const char *part);
/* A text member of the body's outermost object, such as `next`; NULL if null or absent. */
const char *member(const struct response *r, const char *name, char *out, size_t size);
