/* statements.c -- one round of preparing; a statement that is refused does not end it, so that the
 * log names all of them. */
#include "query-api/statements.h"

#include "base/log.h"
#include "platform/process/service.h"
#include "query-api/query.h"
#include "base/banned.h"

static const int64_t AGAIN_US = 5000000;
static const char DEPENDENCY[] = "queries";

static fallible prepare_one(struct pg *pg, const struct pg_statement *s,
                            const struct pg_statement **refused)
{
    const struct problem *p = s->sql ? pg_prepare(pg, s) : NULL;
    if (p)
        *refused = s;
    return p;
}

fallible statements_prepare(struct pg *pg, const struct query *q,
                            const struct pg_statement **refused)
{
    TRY(prepare_one(pg, &q->plain.statement, refused));
    return prepare_one(pg, &q->filtered.statement, refused);
}

/* Shows the names of those that are refused; "" if none is. */
static void tell(const struct text *names)
{
    scoped_text reason = {0};
    text_printf(&reason, "The database refuses %s; the log says why.", text_value(names));
    ready_reason(DEPENDENCY, names->length ? text_value(&reason) : NULL);
}

static bool are_there(const struct view_set *views, const struct view_set *there)
{
    for (int i = 0; i < VIEW_COUNT; i++)
        if (views->use[i] && !there->use[i])
            return false;
    return true;
}

/* Those of its forms whose views are there. */
static fallible prepare_query(struct statements *s, struct pg *pg, const struct query *q,
                              const struct pg_statement **refused)
{
    if (are_there(&q->plain.views, &s->there))
        TRY(prepare_one(pg, &q->plain.statement, refused));
    return are_there(&q->filtered.views, &s->there)
               ? prepare_one(pg, &q->filtered.statement, refused)
               : NULL;
}

static fallible prepare_all(struct statements *s, struct pg *pg)
{
    scoped_text names = {0};
    bool was_refused = s->refused;
    s->refused = false;
    for (int i = 0; i < s->count; i++) {
        const struct pg_statement *refused;
        const struct problem *p = prepare_query(s, pg, &s->queries[i], &refused);
        if (p == DATABASE_UNAVAILABLE)
            return p;
        if (!p)
            continue;
        text_printf(&names, "%s%s", names.length ? ", " : "", refused->name);
        if (!was_refused)
            log_error("the database refuses a query", KV("file", refused->name),
                      KV("path", s->queries[i].route->path), KV("reason", pg_message(pg)));
        s->refused = true;
    }
    tell(&names);
    return s->refused ? STATEMENT_REFUSED : NULL;
}

void statements_declare(void)
{
    ready_declare_optional(DEPENDENCY);
}

void statements_check(struct statements *s, struct pg *pg, const struct view_set *there,
                      int64_t now)
{
    bool same = memcmp(&s->there, there, sizeof(*there)) == 0;
    bool is_ready = same && s->generation && s->generation == pg_generation(pg);
    if (!same)
        s->due = 0;
    s->there = *there;
    if (!is_ready && now >= s->due) {
        const struct problem *p = prepare_all(s, pg);
        is_ready = !p;
        s->generation = p ? 0 : pg_generation(pg);
        s->due = p == STATEMENT_REFUSED ? now + AGAIN_US : 0;
    }
    ready_report(DEPENDENCY, is_ready, -1);
}
