/* views_test.c -- every view is a pure fold of the log: a random history gives the same tables
 * event by event, in any split into batches, and with the streams in any order. */
#include "tests/projector/bench.h"
#include "tests/support/history.h"

#include "view_engine/engine_parts.h"

enum { HISTORIES = 4, SPLITS = 4, LATE_STREAMS = 6, EVENTS_EACH = 240 };

/* ---- random histories ---- */

struct told {
    struct history history;
    struct batch_event at[HISTORY_MAX];
};

static void make_told(struct told *t, unsigned seed)
{
    history_make(&t->history, seed, EVENTS_EACH);
    for (int i = 0; i < t->history.count; i++) {
        const struct history_event *e = &t->history.at[i];
        t->at[i] = (struct batch_event){.position = i + 1,
                                        .version = e->version,
                                        .recorded = 1700000000000000 + i,
                                        .stream = e->stream,
                                        .type = e->type,
                                        .data = e->data};
        batch_read_members(&t->at[i], &t->history.arena);
        CHECK(!t->at[i].unreadable);
    }
}

/* ---- one view, applied in one way ---- */

struct trial {
    struct pg *db;
    struct projected view;
};

static struct trial trial_open(struct pg *db, const struct embedded *file, struct arena *a)
{
    struct trial t = {.db = db};
    CHECK_OK(view_parse(file, &event_language, a, &t.view.view));
    const char *name = t.view.view.name;
    run_sql(db, arena_printf(
                    a, "CREATE SCHEMA %s; SET search_path TO %s, postgis; %s; RESET search_path",
                    name, name, t.view.view.tables));
    CHECK_OK(view_complete(&t.view.view, db, a));
    return t;
}

/* Applies events in batches of random size up to `most`, shows the tables and forgets them. */
static const char *apply(struct trial *t, struct told *h, const struct batch_event *events,
                         int most)
{
    scoped_text out = {0};
    run_sql(t->db, "BEGIN");
    for (int i = 0, n; i < h->history.count; i += n) {
        n = most == h->history.count ? most : 1 + history_pick(&h->history, most);
        if (n > h->history.count - i)
            n = h->history.count - i;
        CHECK_OK(view_apply(&t->view, t->db, events + i, n, true));
    }
    dump_schema(t->db, t->view.view.name, &out);
    run_sql(t->db, "ROLLBACK");
    CHECK_INT(t->view.parked.events, 0);
    return arena_text(&h->history.arena, text_value(&out));
}

/* The events with all those of one stream behind the others. */
static const struct batch_event *stream_last(struct told *h, const char *stream)
{
    struct batch_event *out =
        arena_array(&h->history.arena, (size_t)h->history.count, sizeof(*out));
    int n = 0;
    for (int late = 0; late < 2; late++)
        for (int i = 0; i < h->history.count; i++)
            if (text_equal(h->at[i].stream, stream) == (late == 1))
                out[n++] = h->at[i];
    return out;
}

/* Whole streams, the one that began last first. */
static const struct batch_event *streams_reversed(struct told *h)
{
    struct batch_event *out =
        arena_array(&h->history.arena, (size_t)h->history.count, sizeof(*out));
    int n = 0;
    for (int i = h->history.count - 1; i >= 0; i--)
        if (h->at[i].version == 1)
            for (int k = i; k < h->history.count; k++)
                if (text_equal(h->at[k].stream, h->at[i].stream))
                    out[n++] = h->at[k];
    return out;
}

/* How many ways of applying the history differ from one single batch. */
static int differences(struct trial *t, struct told *h)
{
    const char *expected = apply(t, h, h->at, h->history.count);
    int n = !text_equal(apply(t, h, h->at, 1), expected);
    for (int i = 0; i < SPLITS; i++)
        n += !text_equal(apply(t, h, h->at, 12), expected);
    for (int i = 0; i < LATE_STREAMS; i++)
        n += !text_equal(
            apply(t, h, stream_last(h, h->at[history_pick(&h->history, h->history.count)].stream),
                  12),
            expected);
    n += !text_equal(apply(t, h, streams_reversed(h), 12), expected);
    n += !text_equal(apply(t, h, streams_reversed(h), h->history.count), expected);
    return n;
}

static int differences_of(const char *url, const struct embedded *file)
{
    scoped_arena a = {0};
    int n = 0;
    struct pg *db = pg_new(url, "test", NULL, 5000); /* remembers the names of statements in `a` */
    struct trial t = trial_open(db, file, &a);
    struct told *h = must_alloc(1, sizeof(*h));
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        make_told(h, seed * 7919);
        n += differences(&t, h);
        arena_release(&h->history.arena);
    }
    free(h);
    pg_free(db);
    return n;
}

TEST(every_view_is_a_pure_fold_of_the_log)
{
    const char *url = test_views_database();
    for (const struct embedded *f = one_home(); f->name; f++) {
        int n = differences_of(url, f);
        if (n)
            printf("%s differs %d times\n", f->name, n);
        CHECK_INT(n, 0);
    }
}

/* A type that no history has would leave its statement untried. */
TEST(the_histories_hold_every_event_type_of_every_view)
{
    scoped_arena a = {0};
    struct told *t = must_alloc(HISTORIES, sizeof(*t));
    for (unsigned i = 0; i < HISTORIES; i++)
        make_told(&t[i], (i + 1) * 7919);
    for (const struct embedded *f = one_home(); f->name; f++) {
        struct view v;
        CHECK_OK(view_parse(f, &event_language, &a, &v));
        for (int s = 0; s < v.count; s++)
            for (const char *const *type = v.statements[s].types; *type; type++) {
                bool occurs = false;
                for (int i = 0; i < HISTORIES; i++)
                    for (int e = 0; e < t[i].history.count; e++)
                        occurs = occurs || text_equal(t[i].at[e].type, *type);
                if (!occurs)
                    test_fail(__FILE__, __LINE__, f->name,
                              "its feature's <name>_history.c makes this event", *type);
            }
    }
    for (int i = 0; i < HISTORIES; i++)
        arena_release(&t[i].history.arena);
    free(t);
}

/* ---- the checker catches what it is for ---- */

static const char *text_of(const char *name)
{
    for (const struct embedded *f = one_home(); f->name; f++)
        if (text_equal(f->name, name))
            return f->text;
    return NULL;
}

/* The view's text with every `from` replaced. */
static const char *planted(struct arena *a, const char *text, const char *from, const char *to)
{
    scoped_text out = {0};
    const char *at = text;
    for (const char *hit; (hit = strstr(at, from)); at = hit + strlen(from)) {
        text_append_bytes(&out, at, (size_t)(hit - at));
        text_append(&out, to);
    }
    CHECK(at != text);
    text_append(&out, at);
    return arena_text(a, text_value(&out));
}

TEST(planted_bugs_in_views_are_caught)
{
    static const struct {
        const char *view, *from, *to;
    } bugs[] = {
        {"report_list.sql", "version DESC", "version ASC"},
        {"report_rank.sql", "SET position = excluded.position, ", "SET "},
        {"report_rank.sql", "coalesce(r.votes, 0) + excluded.votes", "excluded.votes"},
        {"report_rank.sql", "coalesce(r.votes, 0) + excluded.votes", "r.votes + excluded.votes"},
        {"case_counts.sql", "c.cases + excluded.cases", "excluded.cases"},
        {"category_list.sql", "version DESC", "version ASC"},
        {"case_filters.sql", "version DESC", "version ASC"},
        {"agency_list.sql", "version DESC", "version ASC"},
        {"notification_list.sql", "n.events + excluded.events", "excluded.events"},
    };
    const char *url = test_views_database();
    scoped_arena a = {0};
    for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
        const struct embedded file = {arena_printf(&a, "planted_%zu.sql", i),
                                      planted(&a, text_of(bugs[i].view), bugs[i].from, bugs[i].to)};
        CHECK(differences_of(url, &file) > 0);
    }
}

/* What changes a row before what creates it: lost when both are in one batch. */
TEST(statements_in_the_wrong_order_are_caught)
{
    scoped_arena a = {0};
    const char *text = text_of("report_list.sql");
    const char *created = strstr(text, "-- :on report.created"),
               *updated = strstr(text, "-- :on report.status.updated"),
               *edited = strstr(text, "-- :on report.edited");
    const struct embedded file = {"planted_order.sql",
                                  arena_printf(&a, "%.*s%.*s%.*s%s", (int)(created - text), text,
                                               (int)(edited - updated), updated,
                                               (int)(updated - created), created, edited)};
    CHECK(differences_of(test_views_database(), &file) > 0);
}
