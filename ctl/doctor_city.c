/* doctor_city.c -- citywatchctl doctor: parked events, lag, accounts with the demo password. */
#include "ctl/doctor.h"

#include <inttypes.h>

#include "platform/identity/password.h"
#include "base/banned.h"

/* ---- parked events ---- */

void doctor_parked(struct doctor *d)
{
    static const struct pg_statement PARKED = {
        NULL, "SELECT view, count(*) FROM engine.parked GROUP BY 1 ORDER BY 1"};
    scoped_rows *rows = NULL;
    const struct problem *p =
        d->city.views ? pg_call(d->city.views, &PARKED, 0, NULL, &rows) : DATABASE_UNAVAILABLE;
    if (p)
        doctor_unanswered(d, "the database of the views", p);
    for (int i = 0; !p && i < rows_count(rows); i++)
        doctor_warning(d, "{ctl} parked list, then retry or discard",
                       "%" PRId64 " events wait that the view %s could not take",
                       rows_int(rows, i, 1), rows_text(rows, i, 0));
    if (!d->found)
        doctor_ok(d, "no event is parked");
}

/* ---- lag ---- */

static const double LAGS = 30, STANDS_STILL = 600; /* s */

static fallible check_lag(struct doctor *d, const struct log_head *head, const char *what,
                          int64_t position)
{
    static const char advice[] = "{ctl} lag shows it; {status}, and the log of its service";
    double age;
    TRY(city_waiting(&d->city, head, position, &age));
    if (age >= STANDS_STILL)
        doctor_fault(d, advice, "%s is %.0f s behind the log", what, age);
    else if (age >= LAGS)
        doctor_warning(d, advice, "%s is %.0f s behind the log", what, age);
    return NULL;
}

static fallible check_lanes(struct doctor *d, const struct log_head *head)
{
    static const struct pg_statement LANES = {
        NULL, "SELECT name, position FROM engine.lane ORDER BY name"};
    scoped_rows *rows = NULL;
    TRY(pg_call(d->city.views, &LANES, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++)
        TRY(check_lag(d, head, arena_join(&d->arena, "the lane ", rows_text(rows, i, 0), ""),
                      rows_int(rows, i, 1)));
    return NULL;
}

static fallible check_lags(struct doctor *d)
{
    struct log_head head;
    struct key_place all;
    if (!d->city.log || !d->city.views)
        return DATABASE_UNAVAILABLE;
    if (!d->city.redis)
        return REDIS_UNAVAILABLE;
    TRY(city_head(&d->city, &head));
    TRY(check_lanes(d, &head));
    TRY(city_key(&d->city, "{events}:all", &all));
    return check_lag(d, &head, "Redis", all.last);
}

void doctor_lag(struct doctor *d)
{
    const struct problem *p = check_lags(d);
    if (p)
        doctor_unanswered(d, "the log, its views or Redis", p);
    if (!d->found)
        doctor_ok(d, "Redis and views are less than %.0f s behind the log", LAGS);
}

/* ---- accounts with the demo password ---- */

enum { ACCOUNTS_MAX = 48 }; /* a hash takes 64 MiB and about 0.1 s */

/* Staff first, then those that were made first, as demo accounts are. */
static fallible find_demo_accounts(struct doctor *d, int *checked, struct text *names)
{
    static const struct pg_statement ACCOUNTS = {
        NULL, "SELECT user_name, password_hash FROM account WHERE NOT disabled "
              "ORDER BY role = 'CITIZEN', created LIMIT $1::int"};
    scoped_rows *rows = NULL;
    const char *max = arena_printf(&d->arena, "%d", ACCOUNTS_MAX);
    TRY(pg_call(d->city.log, &ACCOUNTS, 1, &max, &rows));
    *checked = rows_count(rows);
    for (int i = 0; i < *checked; i++) {
        bool right = false;
        TRY(password_verify(rows_text(rows, i, 1), "password", &right));
        if (right)
            text_printf(names, "%s%s", names->length ? ", " : "", rows_text(rows, i, 0));
    }
    return NULL;
}

void doctor_demo_accounts(struct doctor *d)
{
    int checked = 0;
    scoped_text names = {0};
    if (text_equal(setting_of("demo_accounts"), "1")) {
        doctor_warning(d, "not for a city of real people: {no-demo}",
                       "accounts with the password \"password\" exist (DEMO_ACCOUNTS=1)");
        return;
    }
    const struct problem *p =
        d->city.log ? find_demo_accounts(d, &checked, &names) : DATABASE_UNAVAILABLE;
    if (p)
        doctor_unanswered(d, "the event store", p);
    else if (names.length)
        doctor_fault(d, "{ctl} account disable <name>, or account password <name>",
                     "the password of these accounts is \"password\": %s", text_value(&names));
    else
        doctor_ok(d, "none of %d accounts, staff first, has the password \"password\"", checked);
}
