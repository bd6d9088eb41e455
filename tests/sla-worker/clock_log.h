/* clock_log.h -- random logs of reports, cases and policies, and the view of clocks made of them.
 */
#pragma once

#include "tests/projector/bench.h"
#include "tests/support/history.h"

#include "sla-worker/clock_catalog.h"
#include "sla-worker/clock_view.h"
#include "view_engine/engine_parts.h"

/* Of which every report has clocks. */
static const struct batch_event own[] = {
    {.version = 1,
     .stream = "calendar-own",
     .type = "calendar.defined",
     .data = "{\"calendar_id\":\"own\",\"zone\":\"UTC\",\"hours\":[],\"holidays\":[],"
             "\"zone_changes\":[],\"defined_at\":\"2026-01-02T03:04:05.000000Z\"}"},
    {.version = 1,
     .stream = "policy-own",
     .type = "policy.defined",
     .data =
         "{\"policy_id\":\"own\",\"rank\":0,\"acknowledge\":{\"seconds\":7200,\"calendar\":\"own\","
         "\"levels\":[{\"name\":\"due\",\"number\":0,\"share_percent\":50,\"office_hours\":false,"
         "\"target\":\"officer\"}]},\"resolve\":{\"seconds\":86400,\"calendar\":\"own\",\"levels\":"
         "[{\"name\":"
         "\"due\",\"number\":1,\"office_hours\":false,\"target\":\"agency\"}]},\"answer\":{"
         "\"seconds\":"
         "3600,\"calendar\":\"own\",\"levels\":[]},\"active\":true,"
         "\"defined_at\":\"2026-01-02T03:04:05.000000Z\"}"}};
enum { OWN = sizeof(own) / sizeof(own[0]) };

struct told {
    struct history history;
    struct batch_event at[HISTORY_MAX + OWN + 1];
    int count; /* of those that the view is given */
};

static inline bool is_given(const char *type)
{
    for (const char *const *t = clock_view_types; *t; t++)
        if (text_equal(*t, type))
            return true;
    return false;
}

/* The policy once more, behind all: who remembers it from another time gives it to reports too
 * early. */
static inline void add_second_version(struct told *t)
{
    struct batch_event *b = &t->at[t->count++];
    *b = own[OWN - 1];
    b->version = 2;
    b->recorded = 1800000000000000;
    batch_read_members(b, &t->history.arena);
}

static inline void make_told(struct told *t, unsigned seed)
{
    history_make(&t->history, seed, HISTORY_MAX);
    for (t->count = 0; t->count < OWN; t->count++) {
        t->at[t->count] = own[t->count];
        t->at[t->count].recorded = 1600000000000000;
        batch_read_members(&t->at[t->count], &t->history.arena);
    }
    for (int i = 0; i < t->history.count; i++) {
        const struct history_event *e = &t->history.at[i];
        struct batch_event *b = &t->at[t->count];
        if (!is_given(e->type))
            continue;
        *b = (struct batch_event){.position = i + 1,
                                  .version = e->version,
                                  .recorded = 1700000000000000 + INT64_C(1800000000) * i,
                                  .stream = e->stream,
                                  .type = e->type,
                                  .data = e->data};
        batch_read_members(b, &t->history.arena);
        t->count++;
    }
    add_second_version(t);
}

struct trial {
    struct pg *db;
    struct projected view;
    struct arena arena;
};

static inline struct trial trial_open(void)
{
    struct trial t = {.db = pg_new(test_views_database(), "test", NULL, 5000)};
    CHECK_OK(fold_view(&view_folds[0], "sla", &event_language, &t.arena, &t.view.view));
    run_sql(t.db, "BEGIN");
    CHECK_OK(view_create(&t.view.view, t.db));
    run_sql(t.db, "COMMIT");
    return t;
}

static inline void trial_close(struct trial *t)
{
    pg_free(t->db);
    arena_release(&t->arena);
}

/* In batches of random size up to `most`, within the transaction under way. */
static inline void apply_in_batches(struct trial *t, struct told *h, int most)
{
    for (int i = 0, n; i < h->count; i += n) {
        n = most == 1 || most >= h->count ? most : 1 + history_pick(&h->history, most);
        if (n > h->count - i)
            n = h->count - i;
        CHECK_OK(view_apply(&t->view, t->db, h->at + i, n, true));
    }
    CHECK_INT(t->view.parked.events, 0);
}
