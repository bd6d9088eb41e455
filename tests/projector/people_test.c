/* people_test.c -- the number of people who vote for a report or follow it, whatever is merged into
 * it and taken out again, in any order: the views and a count from the events alone agree. */
#include "tests/projector/bench.h"
#include "tests/support/history.h"

#include "view_engine/engine_parts.h"

enum { HISTORIES = 12 };

/* What a view says: file, table and number, and by which events people begin and end to count. */
static const struct counted {
    const char *file, *table, *number, *begins, *ends;
} counted[] = {
    {"report_rank.sql", "report_rank.report_rank", "v.vote_count", "report.upvoted",
     "report.upvote.withdrawn"},
    {"case_inbox.sql", "case_inbox.case_inbox", "coalesce(v.votes, 0) + v.merged_votes",
     "report.upvoted", "report.upvote.withdrawn"},
    {"report_follow.sql", "report_follow.report_followers", "v.follower_count", "report.followed",
     "report.unfollowed"},
};
enum { COUNTED = sizeof(counted) / sizeof(counted[0]) };

/* Who does it by their last event, and for what is merged into the report by its last one; in how
 * many rows a view says something else. */
static const char naive[] =
    "WITH person AS ("
    "  SELECT DISTINCT ON (stream) data->>'report_id' AS report, coalesce(data->>'voter_user_id', "
    "         data->>'follower_user_id', data->>'follower_pseudonym') AS who, type = '%s' AS does"
    "    FROM told WHERE type IN ('%s', '%s') ORDER BY stream, position DESC), "
    "merged AS ("
    "  SELECT DISTINCT ON (stream) data->>'report_id' AS report, "
    "         CASE type WHEN 'report.merged' THEN data->>'into_report_id' END AS target"
    "    FROM told WHERE type IN ('report.merged', 'report.unmerged') "
    "     AND data->>'report_id' = data->>'merged_report_id' ORDER BY stream, position DESC), "
    "behind AS (SELECT report, who FROM person WHERE does UNION SELECT target, who FROM person "
    "  JOIN merged USING (report) WHERE does AND target IS NOT NULL), "
    "people AS (SELECT report::uuid AS report_id, count(DISTINCT who) AS people FROM behind "
    "  GROUP BY 1) "
    "SELECT count(*) FROM people n FULL JOIN %s v USING (report_id) "
    " WHERE coalesce(n.people, 0) <> coalesce(%s, 0)";

static void tell(struct pg *db, const struct history *h, struct batch_event *events)
{
    run_sql(db, "CREATE TEMP TABLE told (position bigint, stream text, type text, data jsonb)");
    for (int i = 0; i < h->count; i++) {
        const struct history_event *e = &h->at[i];
        events[i] = (struct batch_event){.position = i + 1,
                                         .version = e->version,
                                         .recorded = 1700000000000000 + i,
                                         .stream = e->stream,
                                         .type = e->type,
                                         .data = e->data};
        scoped_text sql = {0};
        text_printf(&sql, "INSERT INTO told VALUES (%d, '%s', '%s', $data$%s$data$)", i + 1,
                    e->stream, e->type, e->data);
        run_sql(db, text_value(&sql));
    }
}

/* Applies the events to the view, some at a time; then in how many rows it is wrong. */
static int64_t differences(struct pg *db, const struct counted *c, struct history *h,
                           struct batch_event *events)
{
    const struct embedded *f = one_home();
    struct projected p = {0};
    scoped_text sql = {0};
    while (!text_equal(f->name, c->file))
        f++;
    CHECK_OK(view_parse(f, &event_language, &h->arena, &p.view));
    CHECK_OK(view_create(&p.view, db));
    CHECK_OK(view_complete(&p.view, db, &h->arena));
    for (int i = 0; i < h->count; i++)
        batch_read_members(&events[i], &h->arena);
    for (int i = 0, size; i < h->count; i += size) {
        size = 1 + history_pick(h, 12);
        size = size > h->count - i ? h->count - i : size;
        CHECK_OK(view_apply(&p, db, events + i, size, true));
    }
    text_printf(&sql, naive, c->begins, c->begins, c->ends, c->table, c->number);
    return ask_int(db, text_value(&sql));
}

TEST(everybody_is_counted_once_whatever_is_merged)
{
    const char *url = test_views_database();
    int64_t merged = 0;
    struct batch_event *events = must_alloc(HISTORY_MAX, sizeof(*events));
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        struct history h;
        struct pg *db = pg_new(url, "test", NULL, 5000);
        history_make(&h, seed * 104729, HISTORY_MAX);
        run_sql(db, "BEGIN");
        tell(db, &h, events);
        for (int i = 0; i < COUNTED; i++)
            CHECK_INT(differences(db, &counted[i], &h, events), 0);
        merged += ask_int(db, "SELECT (SELECT count(*) FROM report_rank.report_rank WHERE "
                              "merged_votes > 0) + (SELECT count(*) FROM "
                              "report_follow.report_followers WHERE merged_followers > 0)");
        run_sql(db, "ROLLBACK");
        pg_free(db);
        arena_release(&h.arena);
    }
    CHECK(merged > HISTORIES / 4); /* the histories hold what this is about */
    free(events);
}
