/* given_dispatches.h -- what has happened before a sentence about dispatches: a report, two
 * patrols, and how far the first one has come. */
#pragma once

#include "tests/support/sentences.h"

#include "features/dispatch/dispatch_rules.h"

#define PA     "019b7f00-0000-7000-8000-00000000000a"
#define PB     "019b7f00-0000-7000-8000-00000000000b"
#define D0     "019b7f00-0000-7000-8000-0000000000d0"
#define D1     "019b7f00-0000-7000-8000-0000000000d1" /* the command's own */
#define D2     "019b7f00-0000-7000-8000-0000000000d2"
#define SAFETY "AGENCY_SAFETY"
#define OFFER  (INT64_C(90) * 1000000)

void given_unit(const char *id, const char *status, const char *crew);
/* A report, and two patrols that are available. */
void given_city(const char *visibility);
struct event dispatched(const char *id, const char *patrol, const char *status);
struct event step(const char *id, const char *patrol, const char *from, const char *to,
                  const char *by);
struct event unit(const char *patrol, const char *from, const char *to, const char *id,
                  const char *dispatch_status);
struct event told(const char *id, const char *patrol, const char *status);
struct event report_moved(const char *from, const char *to);
/* What an offer of D1 to the first patrol leaves on all streams. */
void given_offered(const char *id, const char *patrol);
void given_assigned(void);
void given_step(const char *from, const char *to, const char *unit_from, const char *unit_to);
void given_arrived(void);
extern const struct Candidates near_ones; /* PA, then PB */

#define ON_D1(Name, ...) \
    ((struct command){.type = Name, .target = D1, .new_id = D1, .Name = {__VA_ARGS__}})
#define SEND(...) ON_D1(CreateDispatch, .report_id = R1, __VA_ARGS__)
