/* clock_oracle_test.c -- random lives of clocks, told to features/sla/clock.c and to the oracle,
 * which counts minutes. A hundred thousand by default; HISTORIES=n runs n, SEED=n those of that
 * seed. */
#include "tests/support/clock_batch.h"
#include "tests/support/harness.h"

#include "base/text.h"
#include "base/time.h"
#include "features/sla/explain.h"

enum { LIVES_PER_BATCH = 1000, EVENTS_MAX = 40 };

/* ---- one history, lived twice ---- */

static struct life {
    struct sla_clock clock;
    struct oracle oracle;
    struct clock_event events[EVENTS_MAX];
    int count;
} life;

static void tell_oracle(struct oracle *o, const struct clock_event *e,
                        const struct oracle_terms *terms, int name)
{
    switch (e->kind) {
    case CLOCK_STARTED: oracle_start(o, batch.wall, terms, e->at); break;
    case CLOCK_PAUSED: oracle_pause(o, e->at, (int)e->reasons); break;
    case CLOCK_RESUMED: oracle_resume(o, e->at, (int)e->reasons); break;
    case CLOCK_ENDED:
    case CLOCK_GIVEN_UP: oracle_end(o, e->at); break;
    case CLOCK_REOPENED: oracle_reopen(o, e->at); break;
    case CLOCK_REPOLICIED: oracle_new_terms(o, e->at, terms); break;
    case CLOCK_FIRED: oracle_fire(o, e->at, name); break;
    }
}

static void tell(struct clock_event e, const struct oracle_terms *terms, int name)
{
    life.events[life.count++] = e;
    clock_apply(&life.clock, &e);
    tell_oracle(&life.oracle, &e, terms, name);
}

static void fire(int64_t at, int level)
{
    int name = life.oracle.terms->levels[level].name;
    tell((struct clock_event){.kind = CLOCK_FIRED, .at = at, .name = level_names[name]}, NULL,
         name);
}

/* Its calendar alone is another one, as when that was applied to open clocks, or anything is. */
static const struct terms_pair *next_terms(void)
{
    const struct terms_pair *now = (const struct terms_pair *)(const void *)life.clock.terms;
    return &batch.terms[one_in(2) ? (now - batch.terms) ^ 1 : below(TERMS)];
}

static void happen(int64_t at)
{
    static const enum clock_event_kind kinds[] = {
        CLOCK_PAUSED,     CLOCK_PAUSED,     CLOCK_RESUMED, CLOCK_RESUMED,  CLOCK_RESUMED,
        CLOCK_REPOLICIED, CLOCK_REPOLICIED, CLOCK_ENDED,   CLOCK_GIVEN_UP, CLOCK_REOPENED};
    const struct terms_pair *terms = next_terms();
    struct clock_event e = {.kind = kinds[below(sizeof(kinds) / sizeof(kinds[0]))],
                            .at = at,
                            .reasons = 1 + (unsigned)below(3),
                            .terms = &terms->ours};
    bool ended = life.clock.ended_as != CLOCK_RUNNING;
    if (ended && one_in(2))
        e.kind = CLOCK_REOPENED;
    tell(e, &terms->theirs, -1);
}

/* ---- comparing ---- */

static bool same_next(const struct clock_reading *r, const struct oracle_answer *o)
{
    if (o->next < 0)
        return r->next_at >= batch.end;
    return r->next == o->next && r->next_at == o->next_at && r->next_passed == o->next_passed;
}

static bool same_end(const struct sla_clock *c)
{
    enum clock_state ended_as = life.oracle.met ? CLOCK_MET : CLOCK_LATE;
    if (!life.oracle.ended)
        return c->ended_as == CLOCK_RUNNING;
    return c->ended_as == CLOCK_DROPPED || c->ended_as == ended_as;
}

static bool same_answers(const struct clock_reading *r, const struct oracle_answer *o)
{
    bool stands = life.oracle.pauses || life.oracle.ended;
    if (r->consumed_us != o->consumed || r->remaining_us != o->remaining ||
        r->overdue != o->overdue)
        return false;
    if (stands)
        return r->due_at == 0 && r->next_at == 0 && (!life.oracle.ended || r->next == -1);
    return same_next(r, o) && (o->due < 0 ? r->due_at >= batch.end : r->due_at == o->due);
}

static void print_life(void)
{
    static const char *const kinds[] = {"started",  "paused",   "resumed",   "ended",
                                        "given up", "reopened", "new terms", "fired"};
    for (int i = 0; i < life.count; i++) {
        const struct clock_event *e = &life.events[i];
        printf("  %lld %s reasons %u name %s", (long long)e->at, kinds[e->kind], e->reasons,
               e->name ? e->name : "-");
        if (e->kind == CLOCK_STARTED || e->kind == CLOCK_REPOLICIED)
            printf(" allotted %lld in %s", (long long)e->terms->allotted_us, e->terms->calendar);
        printf("\n");
    }
}

static struct clock_reading compare(int64_t now)
{
    struct oracle o = life.oracle;
    oracle_walk(&o, now);
    struct oracle_answer theirs = oracle_read(&o);
    struct clock_reading ours = clock_read(&life.clock, now);
    bool they_agree = same_answers(&ours, &theirs) && same_end(&life.clock);
    if (they_agree || test_failures)
        return ours;
    CHECK(they_agree);
    print_life();
    printf("  at %lld: consumed %lld %lld, remaining %lld %lld, overdue %d %d, due %lld %lld, "
           "next %d %d, at %lld %lld, passed %d %d\n",
           (long long)now, (long long)ours.consumed_us, theirs.consumed,
           (long long)ours.remaining_us, theirs.remaining, ours.overdue, theirs.overdue,
           (long long)ours.due_at, theirs.due, ours.next, theirs.next, (long long)ours.next_at,
           theirs.next_at, ours.next_passed, theirs.next_passed);
    return ours;
}

/* ---- explaining ---- */

static bool explains(const struct clock_interval *i, int64_t at)
{
    struct oracle_why why = oracle_why_at(&life.oracle, at);
    bool runs = !why.ended && !why.pauses;
    int off = why.day - (why.minute == ORACLE_DAY_BEFORE_OFF);
    char name[DAY_NAME];
    switch (i->why) {
    case COUNTED: return runs && why.minute == ORACLE_OPEN;
    case BEYOND_HOURS: return runs && why.minute == ORACLE_CLOSED;
    case BEYOND_BY_HOLIDAY:
        return runs && why.minute >= ORACLE_DAY_OFF && text_equal(i->holiday, day_name(off, name));
    case WHILE_PAUSED: return !why.ended && why.pauses == (int)i->reasons;
    case AFTER_THE_END: return why.ended == 1;
    case LEFT_OUT: return false;
    }
    return false;
}

static void compare_interval(const struct clock_interval *i)
{
    int64_t step = i->to - i->from < DAY_US ? MINUTE_US : 37 * MINUTE_US;
    bool right = explains(i, i->to - 1);
    for (int64_t at = i->from; at < i->to; at += step - at % MINUTE_US)
        right = right && explains(i, at);
    CHECK(right);
}

static void compare_explanation(int64_t now)
{
    scoped_arena a = {0};
    const struct clock_interval *rows;
    int count = clock_explain(life.events, life.count, now, &a, &rows);
    int64_t reached = life.clock.started_at, counted = 0;
    oracle_walk(&life.oracle, now);
    for (int i = 0; i < count; i++) {
        CHECK(rows[i].from == reached && rows[i].to > rows[i].from);
        reached = rows[i].to;
        counted += rows[i].counted_us;
        compare_interval(&rows[i]);
    }
    CHECK(reached == life.oracle.now);
    CHECK_INT(counted, life.oracle.consumed);
    if (test_failures)
        print_life();
}

/* ---- a life ---- */

/* Near, far, at once, a little before what was last, or just where something comes. */
static int64_t next_instant(int64_t at, const struct clock_reading *r)
{
    int64_t there = one_in(2) ? r->due_at : r->next_at;
    switch (below(8)) {
    case 0: return at;
    case 1: return at - below(2 * HOUR_US);
    case 2: return at + below(300) * MINUTE_US;
    case 3: return at + below(2 * DAY_US);
    case 4: return at / HOUR_US * HOUR_US + below(12) * HOUR_US;
    case 5:
    case 6: return there > at && there < batch.end ? there + below(3) - 1 : at + below(DAY_US);
    }
    return at + below(12 * HOUR_US);
}

static void begin_life(void)
{
    const struct terms_pair *terms = &batch.terms[below(TERMS)];
    int64_t at = batch.start + below((batch.end - batch.start) / 2);
    if (one_in(2))
        at -= at % (15 * MINUTE_US);
    life.count = 0;
    tell(
        (struct clock_event){
            .kind = CLOCK_STARTED, .at = at, .terms = &terms->ours, .name = "resolve"},
        &terms->theirs, -1);
}

/* Every level that still comes is fired when it comes: each comes once, and is compared. */
static void fire_all(void)
{
    for (int fired = 0;; fired++) {
        struct clock_reading r = compare(life.clock.last_at);
        if (r.next < 0 || r.next_at == 0 || r.next_at >= batch.end || test_failures)
            return;
        CHECK(fired < CLOCK_LEVELS_MAX); /* else one came twice */
        fire(r.next_at, r.next);
    }
}

static void live(void)
{
    begin_life();
    for (int left = (int)below(12); left > 0 && !test_failures; left--) {
        int64_t last_at = life.clock.last_at;
        struct clock_reading r = compare(last_at);
        int64_t at = next_instant(last_at, &r);
        if (at >= batch.end)
            break;
        if (at > last_at && one_in(2))
            r = compare(last_at + below(at - last_at + 1));
        if (r.next >= 0 && r.next_at && r.next_at <= at && one_in(2))
            fire(at, r.next);
        else
            happen(at);
    }
    fire_all();
    int64_t left = batch.end - life.clock.last_at;
    if (one_in(4))
        compare_explanation(life.clock.last_at + below(left < DAY_US ? left : DAY_US));
}

static int64_t number_from(const char *name, int64_t otherwise)
{
    const char *s = getenv(name);
    return s ? strtoll(s, NULL, 10) : otherwise;
}

TEST(a_clock_says_what_counting_minutes_says)
{
    scoped_arena a = {0};
    uint64_t seed = (uint64_t)number_from("SEED", time_now());
    int64_t histories = number_from("HISTORIES", 100000);
    printf("SEED=%llu\n", (unsigned long long)seed);
    chance = seed * 2654435761u + 1;
    for (int64_t n = 0; n < histories && !test_failures; n++) {
        if (n % LIVES_PER_BATCH == 0) {
            free_batch();
            make_batch(&a);
        }
        live();
    }
    free_batch();
}
