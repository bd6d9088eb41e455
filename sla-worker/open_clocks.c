/* open_clocks.c -- see open_clocks.h. */
#include "sla-worker/open_clocks.h"

#include "base/banned.h"

/* Nothing is written for what has not changed. */
static const struct pg_statement STORE = {
    "open_clocks_store",
    "INSERT INTO open_clocks AS o (clock, clocks) SELECT * FROM unnest($1::text[], $2::bigint[]) "
    "ON CONFLICT (clock) DO UPDATE SET clocks = o.clocks + excluded.clocks "
    "WHERE excluded.clocks <> 0"};

void open_clocks_add(struct open_clocks *o, const struct ReportClocks *r, int sign)
{
    int open[CLOCK_KINDS];
    report_clocks_open(r, open);
    for (int i = 0; i < CLOCK_KINDS; i++)
        o->change[i] += sign * open[i];
}

fallible open_clocks_store(const struct open_clocks *o, struct pg *db)
{
    scoped_text names = {0}, changes = {0};
    for (int i = 0; i < CLOCK_KINDS; i++) {
        pg_array_text(&names, clock_kind_words[i]);
        pg_array_int(&changes, o->change[i]);
    }
    const char *values[] = {pg_array_end(&names), pg_array_end(&changes)};
    return pg_call(db, &STORE, 2, values, NULL);
}
