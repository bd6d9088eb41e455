/* views_test.c -- every view is a pure fold of the log: a random history gives the same tables
 * event by event, in any split into batches, and with the streams in any order. */
#include "tests/projector/bench.h"

#include "projector/engine_parts.h"

enum { HISTORIES = 4, SPLITS = 4, LATE_STREAMS = 6, REPORTS = 5, VOTERS = 4, MAX_EVENTS = 160 };

/* ---- random histories ---- */

struct history {
    struct arena arena;
    unsigned seed;
    int count;
    struct batch_event at[MAX_EVENTS];
};

static int pick(struct history *h, int below)
{
    return (int)((unsigned)rand_r(&h->seed) % (unsigned)below);
}

static void add_event(struct history *h, const char *stream, const char *type, const char *data)
{
    int64_t version = 1;
    if (h->count == MAX_EVENTS)
        return;
    for (int i = 0; i < h->count; i++)
        version += text_equal(h->at[i].stream, stream);
    h->at[h->count] = (struct batch_event){.position = h->count + 1,
                                           .version = version,
                                           .recorded = 1700000000000000 + h->count,
                                           .stream = stream,
                                           .type = type,
                                           .data = data};
    batch_read_members(&h->at[h->count], &h->arena);
    CHECK(!h->at[h->count].unreadable);
    h->count++;
}

static const char *moment(struct history *h)
{
    return arena_printf(&h->arena, "2026-02-03T04:%02d:%02d.%03dZ", h->count / 60, h->count % 60,
                        pick(h, 1000));
}

struct citizen_report {
    const char *id, *visibility, *category, *agency, *status; /* status NULL: not yet created */
};

static void create(struct history *h, struct citizen_report *r)
{
    static const char *const who[] = {"", "\"reporter_user_id\":\"u1\",",
                                      "\"reporter_pseudonym\":\"p1\","};
    static const char *const place[] = {"", "\"location\":{\"latitude\":-6.2,\"longitude\":106.8},",
                                        "\"occurred_at\":\"2026-01-01T00:00:00Z\","};
    static const char *const kind[] = {"", "\"kind\":\"crime\",", "\"kind\":\"issue\","};
    r->visibility = visibility_words[pick(h, VISIBILITY_COUNT)];
    r->category = pick(h, 2) ? "kebersihan" : "kesehatan";
    r->agency = pick(h, 2) ? "AGENCY_INFRA" : "AGENCY_HEALTH";
    r->status = "RECEIVED";
    add_event(h, arena_printf(&h->arena, "report-%s", r->id), "report.created",
              arena_printf(&h->arena,
                           "{\"report_id\":\"%s\",%s%s%s\"visibility\":\"%s\",\"content\":\"c %d\","
                           "\"category\":\"%s\",\"owner_agency\":\"%s\",\"status\":\"RECEIVED\","
                           "\"created_at\":\"%s\"}",
                           r->id, who[pick(h, 3)], place[pick(h, 3)], kind[pick(h, 3)],
                           r->visibility, pick(h, 100), r->category, r->agency, moment(h)));
}

static void move(struct history *h, struct citizen_report *r)
{
    const char *to = status_words[pick(h, STATUS_COUNT)];
    add_event(h, arena_printf(&h->arena, "report-%s", r->id), "report.status.updated",
              arena_printf(&h->arena,
                           "{\"report_id\":\"%s\",\"old_status\":\"%s\",\"new_status\":\"%s\","
                           "\"owner_agency\":\"%s\",\"category\":\"%s\",\"visibility\":\"%s\",%s"
                           "\"changed_at\":\"%s\"}",
                           r->id, r->status, to, r->agency, r->category, r->visibility,
                           pick(h, 2) ? "\"note\":\"why\"," : "", moment(h)));
    r->status = to;
}

static void vote(struct history *h, const struct citizen_report *r, int voter, bool *given)
{
    add_event(h, arena_printf(&h->arena, "vote-%s-u%d", r->id, voter),
              *given ? "report.upvote.withdrawn" : "report.upvoted",
              arena_printf(&h->arena,
                           "{\"report_id\":\"%s\",\"voter_user_id\":\"u%d\",\"%s\":\"%s\"}", r->id,
                           voter, *given ? "withdrawn_at" : "created_at", moment(h)));
    *given = !*given;
}

static void define(struct history *h)
{
    const char *code = pick(h, 2) ? "kebersihan" : "kesehatan";
    add_event(
        h, arena_printf(&h->arena, "category-%s", code), "category.defined",
        arena_printf(&h->arena,
                     "{\"code\":\"%s\",\"names\":{\"en\":\"n %d\"},\"agency\":\"A%d\",\"kind\":"
                     "\"issue\",\"sensitive\":%s,\"active\":%s,\"defined_at\":\"%s\"}",
                     code, pick(h, 50), pick(h, 5), pick(h, 2) ? "true" : "false",
                     pick(h, 2) ? "true" : "false", moment(h)));
}

static void make_history(struct history *h, unsigned seed)
{
    struct citizen_report reports[REPORTS] = {0};
    bool votes[REPORTS][VOTERS] = {0};
    *h = (struct history){.seed = seed};
    for (int i = 0; i < REPORTS; i++)
        reports[i].id = report_id(&h->arena, i + 1);
    for (int i = 0; i < MAX_EVENTS * 3 / 4; i++) {
        int r = pick(h, REPORTS), v = pick(h, VOTERS);
        if (!reports[r].status)
            create(h, &reports[r]);
        else if (pick(h, 10) == 0)
            define(h);
        else if (pick(h, 3) == 0)
            move(h, &reports[r]);
        else
            vote(h, &reports[r], v, &votes[r][v]);
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
    run_sql(db, arena_printf(a, "CREATE SCHEMA %s; SET search_path TO %s; %s; RESET search_path",
                             name, name, t.view.view.tables));
    CHECK_OK(view_complete(&t.view.view, db, a));
    return t;
}

/* Applies events in batches of random size up to `most`, shows the tables and forgets them. */
static const char *apply(struct trial *t, struct history *h, const struct batch_event *events,
                         int most)
{
    scoped_text out = {0};
    run_sql(t->db, "BEGIN");
    for (int i = 0, n; i < h->count; i += n) {
        n = most == h->count ? most : 1 + pick(h, most);
        if (n > h->count - i)
            n = h->count - i;
        CHECK_OK(view_apply(&t->view, t->db, events + i, n, true));
    }
    dump_schema(t->db, t->view.view.name, &out);
    run_sql(t->db, "ROLLBACK");
    CHECK_INT(t->view.parked.events, 0);
    return arena_text(&h->arena, text_value(&out));
}

/* The events with all those of one stream behind the others. */
static const struct batch_event *stream_last(struct history *h, const char *stream)
{
    struct batch_event *out = arena_array(&h->arena, (size_t)h->count, sizeof(*out));
    int n = 0;
    for (int late = 0; late < 2; late++)
        for (int i = 0; i < h->count; i++)
            if (text_equal(h->at[i].stream, stream) == (late == 1))
                out[n++] = h->at[i];
    return out;
}

/* Whole streams, the one that began last first. */
static const struct batch_event *streams_reversed(struct history *h)
{
    struct batch_event *out = arena_array(&h->arena, (size_t)h->count, sizeof(*out));
    int n = 0;
    for (int i = h->count - 1; i >= 0; i--)
        if (h->at[i].version == 1)
            for (int k = i; k < h->count; k++)
                if (text_equal(h->at[k].stream, h->at[i].stream))
                    out[n++] = h->at[k];
    return out;
}

/* How many ways of applying the history differ from one single batch. */
static int differences(struct trial *t, struct history *h)
{
    const char *expected = apply(t, h, h->at, h->count);
    int n = !text_equal(apply(t, h, h->at, 1), expected);
    for (int i = 0; i < SPLITS; i++)
        n += !text_equal(apply(t, h, h->at, 12), expected);
    for (int i = 0; i < LATE_STREAMS; i++)
        n +=
            !text_equal(apply(t, h, stream_last(h, h->at[pick(h, h->count)].stream), 12), expected);
    n += !text_equal(apply(t, h, streams_reversed(h), 12), expected);
    n += !text_equal(apply(t, h, streams_reversed(h), h->count), expected);
    return n;
}

static int differences_of(const char *url, const struct embedded *file)
{
    scoped_arena a = {0};
    int n = 0;
    struct pg *db = pg_new(url, "test", NULL, 5000); /* remembers the names of statements in `a` */
    struct trial t = trial_open(db, file, &a);
    struct history *h = must_alloc(1, sizeof(*h));
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        make_history(h, seed * 7919);
        n += differences(&t, h);
        arena_release(&h->arena);
    }
    free(h);
    pg_free(db);
    return n;
}

TEST(every_view_is_a_pure_fold_of_the_log)
{
    const char *url = test_views_database();
    for (const struct embedded *f = view_files; f->name; f++) {
        int n = differences_of(url, f);
        if (n)
            printf("%s differs %d times\n", f->name, n);
        CHECK_INT(n, 0);
    }
}

/* ---- the checker catches what it is for ---- */

static const char *text_of(const char *name)
{
    for (const struct embedded *f = view_files; f->name; f++)
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
        {"report_list.sql", "v.votes + excluded.votes", "excluded.votes"},
        {"report_rank.sql", "coalesce(r.votes, 0) + excluded.votes", "r.votes + excluded.votes"},
        {"case_counts.sql", "c.cases + excluded.cases", "excluded.cases"},
        {"category_list.sql", "version DESC", "version ASC"},
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
               *votes = strstr(text, "-- :on report.upvoted");
    const struct embedded file = {"planted_order.sql",
                                  arena_printf(&a, "%.*s%.*s%.*s%s", (int)(created - text), text,
                                               (int)(votes - updated), updated,
                                               (int)(updated - created), created, votes)};
    CHECK(differences_of(test_views_database(), &file) > 0);
}
