/* audit_verify.c -- citywatchctl audit verify: every chain in MongoDB against itself, its seals,
 * and what the log knows of it. */
#include <inttypes.h>

#include "audit/verify.h"
#include "base/members.h"
#include "base/time.h"
#include "ctl/audit.h"
#include "ctl/audit_anchors.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

struct verifying {
    struct mongo *mongo;
    struct audit_anchors log;
    struct seal_key key; /* its public half */
    bool json;
    int64_t findings, writers;
    int64_t strays; /* ids that are none of a record or a seal */
};

static void print_finding(void *arg, const struct finding *f)
{
    const struct verifying *v = arg;
    if (!v->json) {
        print_sentence(stdout, "%-10s %s %" PRId64 " to %" PRId64 "%s%s", tampering_word(f->what),
                       f->writer, f->n, f->to, f->detail ? ": " : "", f->detail ? f->detail : "");
        return;
    }
    scoped_text t = {0};
    text_printf(&t, "{\"finding\":\"%s\",\"writer\":", tampering_word(f->what));
    text_append_json(&t, f->writer);
    text_printf(&t, ",\"from\":%" PRId64 ",\"to\":%" PRId64 ",\"detail\":", f->n, f->to);
    text_append_json(&t, f->detail);
    text_append_char(&t, '}');
    print_visible(stdout, text_value(&t));
}

static void print_verified(const struct verifying *v, const char *writer, const struct verified *d)
{
    if (v->json)
        print_sentence(stdout,
                       "{\"writer\":\"%s\",\"first\":%" PRId64 ",\"last\":%" PRId64
                       ",\"records\":%" PRId64 ",\"seals\":%" PRId64 ",\"unsealed\":%" PRId64
                       ",\"findings\":%" PRId64 "}",
                       writer, d->first, d->last, d->records, d->seals, d->unsealed, d->findings);
    else
        print_sentence(stderr,
                       "%s: %" PRId64 " records (%" PRId64 " to %" PRId64 "), %" PRId64
                       " seals, %" PRId64 " not sealed yet; %" PRId64 " findings",
                       writer, d->records, d->first, d->last, d->seals, d->unsealed, d->findings);
}

/* Records and seals in the order of their ids, a seal behind its record. */
static fallible read_both(struct audit_pages *records, struct audit_pages *seals,
                          struct verifier *to)
{
    for (;;) {
        const char *record_id, *seal_id, *record, *seal;
        TRY(audit_pages_peek(records, &record_id, &record));
        TRY(audit_pages_peek(seals, &seal_id, &seal));
        if (!record && !seal)
            return NULL;
        if (record && (!seal || strcmp(record_id, seal_id) <= 0)) {
            verifier_record(to, record);
            audit_pages_take(records);
        } else {
            verifier_seal(to, seal);
            audit_pages_take(seals);
        }
    }
}

static bool keep_id(const char *document, void *id)
{
    scoped_arena a = {0};
    struct members m;
    const struct member *found = members_read(document, &a, &m) ? members_find(&m, "_id") : NULL;
    if (found && found->text.at)
        text_append_bytes(id, found->text.at, found->text.length);
    return false;
}

/* While services go on: a record comes to MongoDB before its seal, so of the seals that are there
 * before the first record is read none is without its record. */
static fallible end_at_newest(struct mongo *m, const char *writer, struct audit_pages *seals)
{
    scoped_text filter = {0}, id = {0};
    audit_filter_writer(writer, "", &filter);
    TRY(mongo_find(m, AUDIT_SEALS, text_value(&filter), "{\"_id\":-1}", 1, keep_id, &id));
    if (id.length && id.length + 1 < sizeof(seals->end))
        snprintf(seals->end, sizeof(seals->end), "%s~", text_value(&id)); /* and itself */
    return NULL;
}

static fallible verify_writer(struct verifying *v, enum audit_book b, const char *writer,
                              int64_t kept_from)
{
    scoped_pages records, seals;
    struct verified done;
    audit_pages_open(&records, v->mongo, audit_collection(b), writer, "");
    audit_pages_open(&seals, v->mongo, AUDIT_SEALS, writer, "");
    TRY(end_at_newest(v->mongo, writer, &seals));
    struct verifier *to = verifier_new(writer, v->key.public_key, kept_from, print_finding, v);
    audit_anchors_give(&v->log, writer, to);
    const struct problem *p = read_both(&records, &seals, to);
    if (!p) {
        verifier_end(to, &done);
        print_verified(v, writer, &done);
        v->findings += done.findings;
        v->writers++;
    }
    verifier_free(to);
    return p;
}

static fallible verify_book(struct verifying *v, enum audit_book b, int64_t kept_from)
{
    char writer[WRITER_TEXT] = "", next[WRITER_TEXT];
    for (;;) {
        TRY(audit_next_writer(v->mongo, b, writer, next, &v->strays));
        const char *known = audit_anchors_next(&v->log, b, writer);
        if (known && (!*next || strcmp(known, next) < 0)) /* MongoDB has nothing of it */
            snprintf(next, sizeof(next), "%s", known);
        snprintf(writer, sizeof(writer), "%s", next);
        if (!*writer)
            return NULL;
        TRY(verify_writer(v, b, writer, kept_from));
    }
}

int audit_verify(const struct audit_given *g)
{
    struct verifying v = {.json = g->json};
    const struct problem *p = NULL;
    int64_t kept_from;
    int code = audit_key(g->public_key, &v.key);
    code = code ? code : audit_database(&v.mongo);
    code = code ? code : audit_anchors_read(&v.log);
    for (int b = g->first_book; !code && !p && b <= g->last_book; b++) {
        if (!audit_kept_from((enum audit_book)b, &kept_from))
            code = FAILED;
        else
            p = verify_book(&v, (enum audit_book)b, kept_from);
    }
    audit_anchors_close(&v.log);
    mongo_free(v.mongo);
    seal_key_wipe(&v.key);
    if (code || p)
        return code ? code : failed_by(p, "audit verify");
    if (v.strays)
        print_sentence(stdout,
                       v.json ? "{\"finding\":\"inserted\",\"ids\":%" PRId64 "}"
                              : "inserted   %" PRId64 " ids that no chain has",
                       v.strays);
    v.findings += v.strays;
    if (!v.json)
        print_sentence(stderr, "%" PRId64 " chains, %" PRId64 " findings", v.writers, v.findings);
    return v.findings ? FAILED : DONE;
}
