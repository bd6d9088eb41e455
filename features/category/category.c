/* category.c -- the catalog of what can be reported, and which agency owns it. A category is never
 * deleted: old reports name it. */
#include "features/category/category.h"

#include "base/texts.h"
#include "features/agency/agency.h"
#include "base/banned.h"

enum category_kind kind_from(const char *word)
{
    return text_equal(word, category_kind_words[CRIME]) ? CRIME : ISSUE;
}

void stream_of_category(const char *code, char out[STREAM_TEXT])
{
    stream_name("category", code, out);
}

fallible require_category(const char *code, const char *field, struct decision *out,
                          const struct category **category)
{
    char stream[STREAM_TEXT];
    const void *state;
    if (!is_word(code))
        return refuse(out, NO_SUCH_CATEGORY, field, "GET /categories lists them.");
    stream_of_category(code, stream);
    TRY(read_state(out, stream, &state));
    *category = state;
    if (!(*category)->active)
        return refuse(out, NO_SUCH_CATEGORY, field, "GET /categories lists them.");
    return NULL;
}

static void category_evolve(void *state, const struct event *e, struct arena *a)
{
    struct category *c = state;
    const struct CategoryDefined *d = &e->CategoryDefined;
    switch ((enum category_event)e->type) {
    case CategoryDefined:
        *c = (struct category){.defined = true,
                               .active = d->active,
                               .sensitive = d->sensitive,
                               .agency = arena_text(a, d->agency),
                               .kind = arena_text(a, d->kind),
                               .names = texts_copy(a, d->names)};
        break;
    }
}

/* The order of names means nothing. */
static void category_complete(struct command *c)
{
    texts_sort(c->DefineCategory.names);
}

static bool is_already(const struct category *c, const struct DefineCategory *d)
{
    return c->defined && c->active == d->active && c->sensitive == d->sensitive &&
           text_equal(c->agency, d->agency) && text_equal(c->kind, d->kind) &&
           texts_equal(c->names, d->names);
}

/* The system writes its first categories at every start: what an admin has changed since stays, and
 * so it asks of no agency whether it is still active. Others are asked when they are newly given.
 */
static fallible category_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct category *now = state;
    const struct DefineCategory *d = &c->DefineCategory;
    char stream[STREAM_TEXT];
    if (!is_word(c->target))
        return refuse(out, NO_SUCH_ITEM, "code", "A code is 1 to 64 of a-z, 0-9, - and _.");
    if (!texts_are_by_language(d->names))
        return refuse(out, BAD_TEXT, "names", "A key is not a language tag.");
    TRY(check_version(c, out));
    if (c->actor.role != SYSTEM && !text_equal(d->agency, now->agency))
        TRY(require_agency(d->agency, "agency", out));

    stream_of_category(c->target, stream);
    if (!is_already(now, d) && !(c->actor.role == SYSTEM && now->defined))
        emit(out, stream, "catalog",
             EVENT(CategoryDefined, .code = c->target, .names = d->names, .agency = d->agency,
                   .kind = d->kind, .sensitive = d->sensitive, .active = d->active,
                   .defined_at = c->now));
    answer(out, "code", c->target);
    return NULL;
}

COMPLETING_DECIDER(category);
