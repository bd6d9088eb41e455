/* fold.c -- see fold.h. What is kept as a view's text stands for the function: the digest tells
 * whether it is this program's. */
#include "view_engine/fold.h"

#include "base/log.h"
#include "base/banned.h"

static fallible fault(const struct view_fold *f, const char *what)
{
    log_error("a fold cannot be a view", KV("view", f->name), KV("reason", what));
    return NOT_STARTED;
}

static const char *text_of(const struct view_fold *f, struct arena *a)
{
    scoped_text text = {0};
    text_printf(&text, "-- kept by a function of the program, revision %s\n-- :types", f->revision);
    for (const char *const *t = f->types; *t; t++)
        text_printf(&text, " %s", *t);
    text_printf(&text, "\n-- :tables\n%s", f->tables);
    return arena_text(a, text_value(&text));
}

fallible fold_view(const struct view_fold *f, const char *name, const struct language *language,
                   struct arena *a, struct view *out)
{
    struct view v = {.fold = f, .home = f->home ? f->home : VIEW_HOME, .tables = f->tables};
    if (!view_is_name(f->name))
        return fault(f, "its name cannot be the name of a view");
    if (!f->types[0])
        return fault(f, "it names no event type");
    for (const char *const *t = f->types; *t; t++)
        if (!language->version_of(*t))
            return fault(f, arena_printf(a, "there is no event type %s", *t));
    view_set_text(&v, text_of(f, a), a);
    view_place(&v, arena_text(a, name), a);
    *out = v;
    return NULL;
}

const struct view_fold *fold_find(const struct view_fold *folds, const char *name)
{
    for (const struct view_fold *f = folds; f && f->name; f++)
        if (text_equal(f->name, name))
            return f;
    return NULL;
}

fallible fold_apply(const struct view *v, struct pg *db, const struct batch_event *const *events,
                    int count)
{
    TRY(pg_call(db, &v->enter, 0, NULL, NULL));
    return v->fold->apply(v->fold->context, db, events, count);
}
