/* postgres_fault.c -- whose fault an error is, by sqlstates.def, and what the log says of it. */
#include "platform/postgres/postgres_internal.h"

#include "base/log.h"
#include "base/time.h"
#include "base/banned.h"

/* While a server is not well every request meets the same error: one line a minute. */
static const int64_t AGAIN_US = 60 * INT64_C(1000000);

static const struct sqlstate {
    const char *state, *source;
    enum pg_fault fault;
    const char *meaning;
} rows[] = {
#define SQLSTATE(state, source, fault, meaning) {state, source, fault, meaning},
#include "platform/postgres/sqlstates.def"
#undef SQLSTATE
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct sqlstate *row_of(const char *state, const char *source)
{
    for (int i = 0; *state && i < ROWS; i++)
        if (text_starts(state, rows[i].state) && text_starts(source, rows[i].source))
            return &rows[i];
    return NULL;
}

static const char *field_of(const PGresult *result, int field)
{
    const char *text = result ? PQresultErrorField(result, field) : NULL;
    return text ? text : "";
}

void pg_forget_error(struct pg *c)
{
    c->state[0] = c->message[0] = '\0';
    c->fault = PG_NONE;
    c->meaning = "";
}

void pg_remember(struct pg *c, const PGresult *result)
{
    const char *state = field_of(result, PG_DIAG_SQLSTATE);
    const char *text = field_of(result, PG_DIAG_MESSAGE_PRIMARY);
    const struct sqlstate *row = row_of(state, field_of(result, PG_DIAG_SOURCE_FILE));
    if (!*text)
        text = c->conn ? PQerrorMessage(c->conn) : "";
    snprintf(c->state, sizeof(c->state), "%s", state);
    snprintf(c->message, sizeof(c->message), "%s", text);
    c->message[strcspn(c->message, "\n")] = '\0';
    c->fault = !*state ? PG_MOMENT : row ? row->fault : PG_PROGRAM;
    c->meaning = row ? row->meaning : "";
}

/* Not what was said less than a minute ago. */
static bool is_news(struct pg *c, const char *reason)
{
    int64_t now = time_monotonic();
    const char *key = c->state[0] ? c->state : reason;
    if (text_equal(c->told, key) && now < c->tell_again)
        return false;
    snprintf(c->told, sizeof(c->told), "%s", key);
    c->tell_again = now + AGAIN_US;
    return true;
}

const struct problem *pg_lost(struct pg *c, const char *what)
{
    const char *reason = c->message[0] ? c->message : "deadline passed";
    if (is_news(c, reason)) {
        if (c->fault == PG_UNWELL)
            log_error("the database server is not well: whoever needs it gets 503",
                      KV("connection", c->name), KV("during", what), KV("sqlstate", c->state),
                      KV("reason", reason), KV("meaning", c->meaning));
        else
            log_warning("database unavailable", KV("connection", c->name), KV("during", what),
                        KV("reason", reason));
    }
    pg_close(c);
    return DATABASE_UNAVAILABLE;
}

enum pg_fault pg_fault(const struct pg *c)
{
    return c->fault;
}

const struct problem *pg_unless_absent(const struct pg *c, const struct problem *p)
{
    return p == STATEMENT_REFUSED && c->fault == PG_ABSENT ? DATABASE_UNAVAILABLE : p;
}
