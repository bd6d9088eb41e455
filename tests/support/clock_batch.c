/* clock_batch.c -- random calendars and terms in windows of time in which clocks are turned. */
#include "tests/support/clock_batch.h"

#include "base/time.h"
#include "tests/support/harness.h"

enum { WINDOW_ZONES = 5, SHIFTS_MAX = 21, HOLIDAYS_MAX = 64 };

uint64_t chance;

int64_t below(int64_t n)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (int64_t)((chance >> 11) % (uint64_t)n);
}

bool one_in(int n)
{
    return below(n) == 0;
}

/* ---- windows of time, and zones in which something happens there ---- */

static const struct window {
    const char *from; /* midnight UTC */
    int days;
    const char *zones[WINDOW_ZONES];
} windows[] = {
    /* 29 February; summer time begins on three days, once by half an hour, and ends in Ramadan */
    {"2024-02-20T00:00:00Z",
     50,
     {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
      "Asia/Jakarta"}},
    /* summer time ends, and begins in the south */
    {"2024-10-01T00:00:00Z",
     40,
     {"Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "America/St_Johns",
      "Antarctica/Troll"}},
    /* 29 February of a century; summer time begins at midnight */
    {"2000-02-18T00:00:00Z",
     50,
     {"Asia/Tehran", "Europe/Lisbon", "Asia/Kathmandu", "America/Asuncion", "UTC"}},
    /* no 29 February */
    {"2023-02-20T00:00:00Z",
     45,
     {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Asia/Jakarta"}},
    /* Istanbul no longer left summer time; Caracas had moved by half an hour in May */
    {"2016-10-10T00:00:00Z",
     40,
     {"Europe/Istanbul", "America/Sao_Paulo", "Europe/London", "Asia/Jerusalem", "Asia/Jakarta"}},
    {"2016-04-15T00:00:00Z",
     30,
     {"America/Caracas", "Asia/Baku", "Europe/Istanbul", "America/Santiago", "Africa/Cairo"}},
    /* Sao Paulo leaves summer time at midnight for the last time */
    {"2019-02-01T00:00:00Z",
     45,
     {"America/Sao_Paulo", "America/Campo_Grande", "Asia/Gaza", "America/Los_Angeles", "UTC"}},
    /* Samoa has no 30 December, Kwajalein no 21 August */
    {"2011-12-12T00:00:00Z",
     35,
     {"Pacific/Apia", "Pacific/Fakaofo", "Europe/Moscow", "Pacific/Auckland", "America/Sao_Paulo"}},
    {"1993-08-05T00:00:00Z",
     35,
     {"Pacific/Kwajalein", "Asia/Manila", "Europe/Berlin", "Asia/Shanghai", "America/Lima"}},
    /* Moscow to lasting winter time, Pyongyang by half an hour */
    {"2014-10-10T00:00:00Z",
     40,
     {"Europe/Moscow", "Asia/Yekaterinburg", "Europe/Berlin", "America/Havana", "Atlantic/Azores"}},
    {"2018-04-20T00:00:00Z",
     30,
     {"Asia/Pyongyang", "Africa/Casablanca", "Europe/Berlin", "Asia/Jakarta",
      "America/Port-au-Prince"}},
};
enum { WINDOWS = sizeof(windows) / sizeof(windows[0]) };

static struct place {
    const char *zone;
    const struct oracle_wall *wall; /* NULL: not yet read */
    const struct zone_change *changes;
    int change_count;
} places[WINDOWS][WINDOW_ZONES];

static int64_t window_start(const struct window *w)
{
    int64_t at = 0;
    CHECK_OK(time_read(w->from, &at));
    return at;
}

static void read_places(int window, struct arena *a)
{
    const struct window *w = &windows[window];
    int64_t start = window_start(w);
    for (int i = 0; i < WINDOW_ZONES && !places[window][i].wall; i++) {
        struct place *p = &places[window][i];
        p->zone = w->zones[i];
        p->wall = oracle_wall_new(p->zone, start, w->days * 1440);
        CHECK_OK(zone_changes(p->zone, start - 365 * DAY_US, start + 3650 * DAY_US, a, &p->changes,
                              &p->change_count));
    }
}

/* ---- calendars and terms, for us and for the oracle ---- */

struct batch batch;

static void add_shift(struct work_hours *ours, struct oracle_shift *theirs, int day)
{
    int from = one_in(3) ? (int)below(1440) : (int)below(24) * 60;
    int length = 1 + (int)below(one_in(3) ? 1440 : 600);
    *ours = (struct work_hours){.day = day, .from = from, .to = from + length};
    *theirs = (struct oracle_shift){(day + 1) % 7, from, from + length};
}

const char *day_name(int day, char out[DAY_NAME])
{
    snprintf(out, DAY_NAME, "day %d", day);
    return out;
}

static int make_holidays(struct holiday *ours, int *theirs)
{
    int count = 0;
    char name[DAY_NAME];
    for (int64_t day = batch.start / DAY_US; day < batch.end / DAY_US; day++) {
        if (!one_in(12) || count == HOLIDAYS_MAX)
            continue;
        theirs[count] = (int)day;
        ours[count++] = (struct holiday){day, arena_text(&batch.arena, day_name((int)day, name))};
    }
    return count;
}

static void make_calendar(struct calendar_pair *c, const struct place *place)
{
    struct work_hours *hours = arena_array(&batch.arena, SHIFTS_MAX, sizeof(*hours));
    struct holiday *holidays = arena_array(&batch.arena, HOLIDAYS_MAX, sizeof(*holidays));
    struct oracle_shift shifts[SHIFTS_MAX];
    int days_off[HOLIDAYS_MAX], off = make_holidays(holidays, days_off), count = 0;
    bool always = one_in(8);
    for (int day = 0; day < 7 && !always; day++)
        for (int n = (int)below(day > 4 ? 2 : 4); n > 0; n--, count++)
            add_shift(&hours[count], &shifts[count], day);
    c->time = (struct working_time){.changes = place->changes,
                                    .change_count = place->change_count,
                                    .hours = hours,
                                    .hours_count = count,
                                    .holidays = holidays,
                                    .holiday_count = off};
    c->open = oracle_minutes_new(place->wall, shifts, count, days_off, off);
    c->wall = place->wall;
    c->zone = place->zone;
}

const char *const level_names[ORACLE_NAMES] = {"a", "b", "c", "d", "e", "f",
                                               "g", "h", "i", "j", "k", "l"};

static void make_level(struct sla_level *ours, struct oracle_level *theirs, int name)
{
    bool share = one_in(2);
    *ours = (struct sla_level){.name = level_names[name],
                               .share_percent = share ? 1 + below(100) : 0,
                               .after_due_s = share || one_in(4) ? 0 : below(6 * 3600),
                               .office_hours = one_in(2)};
    *theirs = (struct oracle_level){.name = name,
                                    .percent = (int)ours->share_percent,
                                    .after = ours->after_due_s * SECOND_US,
                                    .in_hours = ours->office_hours};
}

static void set_calendar(struct terms_pair *t, const struct calendar_pair *c)
{
    t->ours.calendar = c->zone;
    t->ours.time = &c->time;
    t->theirs.open = c->open;
    t->theirs.day = c->wall->day;
}

static void make_terms(struct terms_pair *t)
{
    struct sla_level *levels = arena_array(&batch.arena, CLOCK_LEVELS_MAX, sizeof(*levels));
    int64_t allotted = one_in(2)   ? (1 + below(600)) * MINUTE_US
                       : one_in(2) ? 10 * SECOND_US + below(30 * HOUR_US)
                                   : (1 + below(40)) * HOUR_US;
    int count = (int)below(CLOCK_LEVELS_MAX + 1), name = (int)below(ORACLE_NAMES);
    int stride = one_in(2) ? 5 : 1; /* none shares a divisor with 12 */
    for (int i = 0; i < count; i++, name = (name + stride) % ORACLE_NAMES)
        make_level(&levels[i], &t->theirs.levels[i], name);
    t->ours = (struct sla_terms){
        .policy = "p", .allotted_us = allotted, .levels = levels, .level_count = count};
    t->theirs.allotted = allotted;
    t->theirs.level_count = count;
}

/* Of each pair of neighbours the second is the first by another calendar. */
static void make_all_terms(void)
{
    for (int i = 0; i < TERMS; i++) {
        if (i % 2)
            batch.terms[i] = batch.terms[i - 1];
        else
            make_terms(&batch.terms[i]);
        set_calendar(&batch.terms[i], &batch.calendars[below(CALENDARS)]);
    }
}

void make_batch(struct arena *a)
{
    int window = (int)below(WINDOWS);
    read_places(window, a);
    batch.wall = places[window][0].wall;
    batch.start = batch.wall->start;
    batch.end = batch.start + windows[window].days * DAY_US;
    for (int i = 0; i < CALENDARS; i++)
        make_calendar(&batch.calendars[i], &places[window][below(WINDOW_ZONES)]);
    make_all_terms();
}

void free_batch(void)
{
    for (int i = 0; i < CALENDARS; i++)
        free(batch.calendars[i].open);
    arena_release(&batch.arena);
    memset(&batch, 0, sizeof(batch));
}
