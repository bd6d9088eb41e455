/* audit_anchors.c -- see audit_anchors.h. */
#include "ctl/audit_anchors.h"

#include "audit/pages.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "base/banned.h"

/* The streams audit-<chain>; '.' follows '-'. */
static const struct pg_statement ALL = {
    NULL, "SELECT data->>'chain', (data->>'number')::bigint, data->>'record_hash' "
          "FROM es_stream s JOIN es_event e USING (stream) "
          "WHERE s.stream COLLATE \"C\" >= 'audit-' AND s.stream COLLATE \"C\" < 'audit.' "
          "AND e.type = 'audit.sealed' ORDER BY s.stream COLLATE \"C\", e.version"};

int audit_anchors_read(struct audit_anchors *a)
{
    if (!*setting_of("database_url")) {
        print_sentence(stderr, "DATABASE_URL is not set: the log is not compared");
        return DONE;
    }
    int code = city_open(&a->city, NEEDS_STORE);
    if (code)
        return code;
    const struct problem *p = pg_call(a->city.log, &ALL, 0, NULL, &a->rows);
    return p ? failed_by(p, "audit verify") : DONE;
}

void audit_anchors_close(struct audit_anchors *a)
{
    rows_free(a->rows);
    city_close(&a->city);
}

const char *audit_anchors_next(const struct audit_anchors *a, enum audit_book b, const char *after)
{
    for (int i = 0; a->rows && i < rows_count(a->rows); i++) {
        const char *chain = rows_text(a->rows, i, 0);
        if (strcmp(chain, after) > 0 && audit_is_of_book(chain, b))
            return chain;
    }
    return NULL;
}

void audit_anchors_give(const struct audit_anchors *a, const char *chain, struct verifier *to)
{
    unsigned char hash[CHAIN_HASH];
    for (int i = 0; a->rows && i < rows_count(a->rows); i++)
        if (text_equal(rows_text(a->rows, i, 0), chain) &&
            chain_hash_read(rows_text(a->rows, i, 2), hash))
            verifier_anchor(to, rows_int(a->rows, i, 1), hash);
}
