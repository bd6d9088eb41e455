/* view_states.c -- see view_states.h. A reader that was overtaken by two polls reads again. */
#include "query-api/view_states.h"

#include "platform/identity/digest.h"
#include "platform/postgres/postgres.h"
#include "base/banned.h"

const struct pg_statement view_states_query = {
    "view_progress",
    "SELECT coalesce(v.name, c.view), l.position, concat_ws('/', v.lane, v.digest, v.created, "
    "l.epoch, l.position >= l.serves_from), l.epoch, l.position >= l.serves_from, "
    "coalesce(c.mark, 0) FROM engine.view v JOIN engine.lane l ON l.name = v.lane "
    "FULL JOIN engine.change c ON c.view = v.name"};
enum { NAME, POSITION, VERSION, EPOCH, FILLED, MARK };

static struct view_state *last_poll(struct view_states *states)
{
    return states->of_poll[atomic_load(&states->polls) % 2];
}

/* ---- writing ---- */

/* VIEW_COUNT for one that no query names, such as one that is being rebuilt. */
static int view_named(const char *name)
{
    int i = 0;
    while (i < VIEW_COUNT && !text_equal(view_names[i], name))
        i++;
    return i;
}

static void write_state(struct view_state *s, const struct rows *rows, int row)
{
    bool of_log = rows && rows_text(rows, row, POSITION);
    atomic_store(&s->there, rows != NULL);
    atomic_store(&s->position, of_log ? rows_int(rows, row, POSITION) : rows ? NO_POSITION : 0);
    atomic_store(&s->unfilled, of_log && !text_equal(rows_text(rows, row, FILLED), "t"));
    atomic_store(&s->version, rows ? digest_on_text(0, rows_text(rows, row, VERSION)) : 0);
    atomic_store(&s->mark, rows ? rows_int(rows, row, MARK) : 0);
}

/* A change alone frees nobody: who waits, waits for a position. */
static bool has_moved(const struct view_state *now, const struct view_state *before)
{
    for (int i = 0; i < VIEW_COUNT; i++)
        if (now[i].position != before[i].position || now[i].unfilled != before[i].unfilled ||
            now[i].there != before[i].there)
            return true;
    return false;
}

bool view_states_write(struct view_states *states, const struct rows *rows, _Atomic int64_t *epoch)
{
    const struct view_state *before = last_poll(states);
    struct view_state *now = states->of_poll[(atomic_load(&states->polls) + 1) % 2];
    for (int i = 0; i < VIEW_COUNT; i++)
        write_state(&now[i], NULL, 0);
    for (int i = 0; i < rows_count(rows); i++) {
        int view = view_named(rows_text(rows, i, NAME));
        bool of_log = rows_text(rows, i, POSITION);
        if (view == VIEW_COUNT || of_log != (all_views.use[view] != UNUSED_VIEW))
            continue; /* a mark alone is no view of the log */
        write_state(&now[view], rows, i);
        if (of_log)
            atomic_store(epoch, rows_int(rows, i, EPOCH));
    }
    bool moved = has_moved(now, before);
    atomic_fetch_add(&states->polls, 1);
    return moved;
}

int view_states_shown(struct view_states *states, int64_t *lowest, struct text *others)
{
    int shown = 0;
    *lowest = INT64_MAX;
    for (int i = 0; i < VIEW_COUNT; i++) {
        const struct view_state *s = &last_poll(states)[i];
        if (s->there && s->position != NO_POSITION && s->position < *lowest)
            *lowest = s->position;
        if (s->there && !s->unfilled)
            shown += s->position != NO_POSITION;
        else
            text_printf(others, "%s%s%s", others->length ? ", " : "", view_names[i],
                        s->there ? " (being filled)" : "");
    }
    return shown;
}

struct view_set view_states_there(struct view_states *states)
{
    struct view_set there = {{0}};
    for (int i = 0; i < VIEW_COUNT; i++)
        there.use[i] = last_poll(states)[i].there ? USED_VIEW : UNUSED_VIEW;
    return there;
}

/* ---- reading ---- */

static void add_state(struct progress *p, const struct view_state *s, int view, bool awaited)
{
    int64_t position = s->position;
    uint64_t version = s->version;
    if (!s->there && !p->missing)
        p->missing = view_names[view];
    if (awaited && position != NO_POSITION && position < p->position)
        p->position = position;
    p->unfilled = p->unfilled || (awaited && s->unfilled);
    p->total += s->mark;
    p->version = digest_on(p->version, &version, sizeof(version));
}

struct progress view_states_read(struct view_states *states, const struct view_set *views)
{
    for (;;) {
        unsigned polls = atomic_load(&states->polls);
        struct progress p = {.position = INT64_MAX};
        for (int i = 0; i < VIEW_COUNT; i++)
            if (views->use[i])
                add_state(&p, &states->of_poll[polls % 2][i], i, view_is_awaited(views, i));
        if (!polls)
            p = (struct progress){0};
        if (polls == atomic_load(&states->polls))
            return p;
    }
}

int64_t view_states_furthest(struct view_states *states)
{
    int64_t furthest = 0;
    for (int i = 0; i < VIEW_COUNT; i++) {
        int64_t position = last_poll(states)[i].position;
        furthest = position > furthest ? position : furthest;
    }
    return furthest;
}
