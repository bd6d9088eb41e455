/* sentences.h -- given, when, then: a history, one command, and what was decided. No I/O. */
#pragma once

#include "tests/support/harness.h"

#include "features/category/category.h"
#include "features/report/report.h"

#define DAY        (INT64_C(86400) * 1000000)
#define NOON       INT64_C(1767355200000000) /* 2026-01-02T12:00:00Z */
#define R1         "019b7f00-0000-7000-8000-000000000001"
#define C1         "019b7f00-0000-7000-8000-0000000000c1" /* citizens */
#define C2         "019b7f00-0000-7000-8000-0000000000c2"
#define PATROLLER1 "019b7f00-0000-7000-8000-0000000000b3"
#define PATROLLER2 "019b7f00-0000-7000-8000-0000000000b4"

extern const struct actor citizen1, citizen2, officer_infra, officer_health, supervisor_infra,
    admin, dispatcher, dispatcher_safety, patrol1, patrol2, system_actor;

/* Starts a new case: nothing has happened. */
void given_nothing(void);
/* This has happened, in the stream the next command is decided on / in another stream. */
void given(struct event e);
void given_in(const char *stream, struct event e);
/* There is that agency, at the top of all, in its own stream. */
void given_agency(const char *code, bool active);

/* Decides; the command's time is NOON unless `c.now` is set. */
void when(const struct actor *a, struct command c);
#define N1 "019b7f00-0000-7000-8000-000000000002" /* what a command makes */
#define COMMAND(Name, ...) \
    ((struct command){.type = Name, .target = R1, .new_id = N1, .Name = {__VA_ARGS__}})

void then_(const char *file, int line, const char *stream, const char *category, struct event e);
void then_nothing_(const char *file, int line);
void then_refused_(const char *file, int line, const struct problem *p);
#define then(stream, category, e) then_(__FILE__, __LINE__, stream, category, e)
#define then_nothing()            then_nothing_(__FILE__, __LINE__)
#define then_refused(p)           then_refused_(__FILE__, __LINE__, p)
/* So many events, and the i-th of them, from 0. */
void then_count_(const char *file, int line, int events);
void then_at_(const char *file, int line, int i, const char *stream, const char *category,
              struct event e);
#define then_count(events)              then_count_(__FILE__, __LINE__, events)
#define then_at(i, stream, category, e) then_at_(__FILE__, __LINE__, i, stream, category, e)
const struct decision *decided(void);
/* How many streams the rule has asked for that the command's row does not name. */
int asked_for(void);
const void *decided_state(void);             /* of the command's own stream */
const struct problem *decided_outcome(void); /* NULL: done */

struct event created(const char *visibility);
struct event moved(const char *from, const char *to);
struct event agency_defined(const char *code, const char *parent);
struct event category_defined(const char *code, const char *agency);
