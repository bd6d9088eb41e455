/* clock_counts.c -- see clock_counts.h. The changes of a batch are put in the order of rows. A row
 * to which they only add open clocks, as new reports do, is not read: what they add is added by the
 * database. Any other is read, changed here and written once. */
#include "sla-worker/clock_counts.h"

#include "base/log.h"
#include "base/banned.h"

/* ---- what a report counts as ---- */

const char *clocks_shown_to(const struct ReportClocks *r)
{
    if (r->merged)
        return NULL;
    bool all = text_equal(r->visibility, visibility_words[PUBLIC]) &&
               !text_equal(r->status, status_words[WITHDRAWN]);
    return all ? "ALL" : "AGENCY";
}

void count_clocks(const struct ReportClocks *r, const struct sla_clock *clocks, int count,
                  struct counted_clocks *out)
{
    static const char *const names[COUNTED_CLOCKS] = {"acknowledge", "resolve"};
    bool is_public = text_equal(clocks_shown_to(r), "ALL");
    out->count = 0;
    for (int i = 0; !r->merged && i < COUNTED_CLOCKS; i++) {
        const struct sla_clock *c = clock_named(clocks, count, names[i]);
        struct counted_clock *at = &out->at[out->count];
        *at = (struct counted_clock){r->owner_agency, r->category, names[i], is_public, {0}};
        out->count += c && clock_cell_of(c, r->last_at, &at->cell);
    }
}

/* ---- changes ---- */

enum { ALL_REPORTS, PUBLIC_REPORTS, SCOPES };
static const char *const scope_words[SCOPES] = {"all", "public"};

struct clock_change {
    const struct counted_clock *clock;
    int scope, by;
};

void clock_changes_begin(struct clock_changes *c, int reports, struct arena *a)
{
    c->count = 0;
    c->max = reports * COUNTED_CLOCKS * SCOPES * 2; /* one before, one now */
    c->at = arena_array(a, (size_t)c->max + 1, sizeof(*c->at));
    c->arena = a;
}

static bool is_same(const struct counted_clock *one, const struct counted_clock *other)
{
    return text_equal(one->clock, other->clock) && one->is_public == other->is_public &&
           text_equal(one->owner_agency, other->owner_agency) &&
           text_equal(one->category, other->category) && one->cell.step == other->cell.step &&
           one->cell.ended == other->cell.ended && one->cell.breached == other->cell.breached &&
           one->cell.warned == other->cell.warned;
}

static bool has(const struct counted_clocks *clocks, const struct counted_clock *clock)
{
    for (int i = 0; i < clocks->count; i++)
        if (is_same(&clocks->at[i], clock))
            return true;
    return false;
}

/* Those of `clocks` that the others have not. */
static void add(struct clock_changes *c, const struct counted_clocks *clocks,
                const struct counted_clocks *others, int by)
{
    for (int i = 0; i < clocks->count; i++)
        for (int scope = 0; scope < SCOPES && !has(others, &clocks->at[i]); scope++)
            if (scope == ALL_REPORTS || clocks->at[i].is_public)
                c->at[c->count++] = (struct clock_change){&clocks->at[i], scope, by};
}

void clock_changes_add(struct clock_changes *c, const struct counted_clocks *before,
                       const struct counted_clocks *now)
{
    add(c, before, now, -1);
    add(c, now, before, 1);
}

/* In the order of rows. */
static int compare(const void *a, const void *b)
{
    const struct clock_change *one = a, *other = b;
    int order = strcmp(one->clock->owner_agency, other->clock->owner_agency);
    if (!order)
        order = strcmp(one->clock->category, other->clock->category);
    if (!order)
        order = strcmp(one->clock->clock, other->clock->clock);
    return order ? order : one->scope - other->scope;
}

/* ---- rows ---- */

struct count_row {
    const struct clock_change *changes;
    int count;
    bool adds_open;           /* and nothing else */
    struct clock_tally tally; /* all it counts, or what is added to it */
    const char *place;        /* its ctid; NULL: not read, or there is no such row yet */
};

static bool begins_row(const struct clock_changes *c, int i)
{
    return i == 0 || compare(&c->at[i - 1], &c->at[i]) != 0;
}

static int make_rows(const struct clock_changes *c, struct count_row **out)
{
    int count = 0, row = -1;
    for (int i = 0; i < c->count; i++)
        count += begins_row(c, i);
    *out = arena_array(c->arena, (size_t)count, sizeof(**out));
    for (int i = 0; i < c->count; i++) {
        const struct clock_change *change = &c->at[i];
        if (begins_row(c, i)) {
            (*out)[++row].changes = change;
            (*out)[row].adds_open = true;
        }
        (*out)[row].count++;
        (*out)[row].adds_open &= change->by == 1 && !change->clock->cell.ended;
    }
    return count;
}

/* One step in the index for each row, whatever the planner thinks of the table. */
static const struct pg_statement LOAD = {
    "clock_counts_load",
    "SELECT k.place - 1, c.ctid, c.open, c.ended, c.warned, c.met, c.breached, c.times "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY "
    "AS k (agency, category, clock, reports, place) CROSS JOIN LATERAL (SELECT ctid, * "
    "FROM clock_counts WHERE owner_agency = k.agency AND category = k.category "
    "AND clock = k.clock AND reports = k.reports LIMIT 1) c"};

enum { KEYS = 4 };
static void add_keys(struct column *keys, const struct count_row *row)
{
    column_string(&keys[0], row->changes->clock->owner_agency);
    column_string(&keys[1], row->changes->clock->category);
    column_string(&keys[2], row->changes->clock->clock);
    column_string(&keys[3], scope_words[row->changes->scope]);
}

static void read_times(const char *text, struct clock_tally *t)
{
    char *end;
    for (const char *at = text + 1; *at && *at != '}'; at = *end == ',' ? end + 1 : end) {
        long step = strtol(at, &end, 10), clocks = strtol(*end == ',' ? end + 1 : end, &end, 10);
        if (step >= 0 && step < TIME_STEPS)
            t->times[step] = (int32_t)clocks;
    }
}

static void read_row(const struct rows *found, int i, struct arena *a, struct count_row *row)
{
    row->place = arena_text(a, rows_text(found, i, 1));
    row->tally.open = rows_int(found, i, 2);
    row->tally.ended = rows_int(found, i, 3);
    row->tally.warned = rows_int(found, i, 4);
    row->tally.met = rows_int(found, i, 5);
    row->tally.breached = rows_int(found, i, 6);
    read_times(rows_text(found, i, 7), &row->tally);
}

static fallible load(struct pg *db, struct count_row *rows, int count, struct arena *a)
{
    struct column keys[KEYS] = {0};
    struct pg_value values[KEYS];
    int *places = arena_array(a, (size_t)count, sizeof(*places));
    scoped_rows *found = NULL;
    for (int k = 0; k < KEYS; k++)
        column_begin(&keys[k], COLUMN_TEXT);
    for (int i = 0; i < count; i++)
        if (!rows[i].adds_open) {
            add_keys(keys, &rows[i]);
            places[keys[0].count - 1] = i;
        }
    bool any = keys[0].count;
    for (int k = 0; k < KEYS; k++)
        values[k] = column_end(&keys[k]);
    const struct problem *p = any ? pg_call_binary(db, &LOAD, KEYS, values, &found) : NULL;
    for (int k = 0; k < KEYS; k++)
        column_release(&keys[k]);
    TRY(p);
    for (int i = 0; any && i < rows_count(found); i++)
        read_row(found, i, a, &rows[places[rows_int(found, i, 0)]]);
    return NULL;
}

static void take_or_put(struct count_row *row, int by)
{
    for (int i = 0; i < row->count; i++)
        if (row->changes[i].by == by &&
            !clock_tally_add(&row->tally, &row->changes[i].clock->cell, by))
            log_error("a clock is not where it was counted: rebuild the view sla",
                      KV("agency", row->changes->clock->owner_agency),
                      KV("category", row->changes->clock->category));
}

/* What comes before what goes. Levels fire all the same if somebody else changed the table. */
static void change(struct count_row *row)
{
    take_or_put(row, 1);
    take_or_put(row, -1);
}

#define INSERT_ROWS                                                                                \
    "INSERT INTO clock_counts AS c (owner_agency, category, clock, reports, open, ended, warned, " \
    "met, breached, median_us, p90_us, times) "                                                    \
    "SELECT agency, category, clock, reports, open, ended, warned, met, breached, median, p90, "   \
    "times::int[] FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], "      \
    "$6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], "       \
    "$12::text[]) AS x (agency, category, clock, reports, open, ended, warned, met, breached, "    \
    "median, p90, times) ON CONFLICT (owner_agency, category, clock, reports) DO UPDATE SET "
static const struct pg_statement STORE = {
    "clock_counts_store",
    INSERT_ROWS "(open, ended, warned, met, breached, median_us, p90_us, times) = (excluded.open, "
                "excluded.ended, excluded.warned, excluded.met, excluded.breached, "
                "excluded.median_us, excluded.p90_us, excluded.times)"};
static const struct pg_statement ADD_OPEN = {
    "clock_counts_add_open",
    INSERT_ROWS "(open, warned, breached) = (c.open + excluded.open, c.warned + excluded.warned, "
                "c.breached + excluded.breached)"};
static const struct pg_statement CLEAR = {"clock_counts_clear",
                                          "DELETE FROM clock_counts WHERE ctid = ANY ($1::tid[])"};

enum { N_OPEN = KEYS, N_ENDED, N_WARNED, N_MET, N_BREACHED, N_MEDIAN, N_P90, N_TIMES, COLUMNS };

static void add_time(struct column *c, int64_t us)
{
    if (us < 0)
        column_text(c, NULL, 0);
    else
        column_int(c, us);
}

static void add_times(struct column *c, const struct clock_tally *t)
{
    scoped_text times = {0};
    for (int i = 0; i < TIME_STEPS; i++)
        if (t->times[i]) {
            pg_array_int(&times, i);
            pg_array_int(&times, t->times[i]);
        }
    column_string(c, pg_array_end(&times));
}

static void add_row(struct column *c, const struct count_row *row)
{
    const struct clock_tally *t = &row->tally;
    add_keys(c, row);
    column_int(&c[N_OPEN], t->open);
    column_int(&c[N_ENDED], t->ended);
    column_int(&c[N_WARNED], t->warned);
    column_int(&c[N_MET], t->met);
    column_int(&c[N_BREACHED], t->breached);
    add_time(&c[N_MEDIAN], clock_tally_time(t, 5));
    add_time(&c[N_P90], clock_tally_time(t, 9));
    add_times(&c[N_TIMES], t);
}

static fallible write_columns(struct pg *db, const struct pg_statement *how, struct column *c)
{
    struct pg_value values[COLUMNS];
    if (!c[0].count)
        return NULL;
    for (int i = 0; i < COLUMNS; i++)
        values[i] = column_end(&c[i]);
    return pg_call_binary(db, how, COLUMNS, values, NULL);
}

static bool is_empty(const struct count_row *row)
{
    return !row->tally.open && !row->tally.ended;
}

static fallible write_rows(struct pg *db, const struct count_row *rows, int count, bool adds_open)
{
    struct column c[COLUMNS] = {0};
    for (int i = 0; i < COLUMNS; i++)
        column_begin(&c[i], i < KEYS || i == N_TIMES ? COLUMN_TEXT : COLUMN_BIGINT);
    for (int i = 0; i < count; i++)
        if (rows[i].adds_open == adds_open && !is_empty(&rows[i]))
            add_row(c, &rows[i]);
    const struct problem *p = write_columns(db, adds_open ? &ADD_OPEN : &STORE, c);
    for (int i = 0; i < COLUMNS; i++)
        column_release(&c[i]);
    return p;
}

static fallible clear_rows(struct pg *db, const struct count_row *rows, int count)
{
    scoped_text places = {0};
    for (int i = 0; i < count; i++)
        if (is_empty(&rows[i]) && rows[i].place)
            pg_array_text(&places, rows[i].place);
    if (!places.length)
        return NULL;
    const char *values[] = {pg_array_end(&places)};
    return pg_call(db, &CLEAR, 1, values, NULL);
}

fallible clock_changes_store(struct clock_changes *c, struct pg *db)
{
    if (!c->count)
        return NULL;
    qsort(c->at, (size_t)c->count, sizeof(*c->at), compare);
    struct count_row *rows;
    int count = make_rows(c, &rows);
    TRY(load(db, rows, count, c->arena));
    for (int i = 0; i < count; i++)
        change(&rows[i]);
    TRY(clear_rows(db, rows, count));
    TRY(write_rows(db, rows, count, false));
    return write_rows(db, rows, count, true);
}
