/* waiting.c -- a list in order of arrival, and how many of it touch a name, found through a libc
 * search tree. */
#include "writer/waiting.h"

#include <search.h>

#include "base/planted.h"
#include "base/banned.h"

/* A stream or a key that commands which wait touch. */
struct waiting_name {
    char text[STREAM_TEXT];
    int writers, readers;         /* how many wait */
    uint64_t written_in, read_in; /* the last pass in which one of them was met */
};

struct waiting {
    void *names;                  /* tsearch root of struct waiting_name */
    struct pending *first, *last; /* in order of arrival */
    struct pending *next;         /* of the pass under way */
    uint64_t pass;
    int count;
};

/* The names of a command by their place in `waits_on`. What it may write counts as written. */
enum { OWN_STREAM, KEY, DEFERRED_ON, FIRST_READ, NAMES = FIRST_READ + DECLARED_READS_MAX };

static bool is_read_place(int place)
{
    return place >= FIRST_READ;
}

struct waiting *waiting_new(void)
{
    return must_alloc(1, sizeof(struct waiting));
}

void waiting_free(struct waiting *w)
{
    free(w);
}

/* ---- names ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct waiting_name *)a)->text, ((const struct waiting_name *)b)->text);
}

static struct waiting_name *find(struct waiting *w, const char *text)
{
    struct waiting_name key;
    snprintf(key.text, sizeof(key.text), "%s", text);
    struct waiting_name **found = tfind(&key, &w->names, by_text);
    return found ? *found : NULL;
}

static struct waiting_name *find_or_make(struct waiting *w, const char *text)
{
    struct waiting_name *n = find(w, text);
    if (n)
        return n;
    n = must_alloc(1, sizeof(*n));
    snprintf(n->text, sizeof(n->text), "%s", text);
    if (!tsearch(n, &w->names, by_text))
        abort(); /* out of memory */
    return n;
}

static int *count_of(struct waiting_name *n, int place)
{
    return is_read_place(place) ? &n->readers : &n->writers;
}

static void add_names(struct waiting *w, struct pending *p, const char *deferred_on)
{
    const char *texts[NAMES] = {p->stream, p->key, deferred_on};
    for (int i = 0; i < p->declared_count && !(PLANTED(SECOND_READ_IGNORED) && i); i++)
        texts[FIRST_READ + i] = p->declared_reads[i];
    for (int i = 0; i < NAMES; i++) {
        p->waits_on[i] = texts[i] ? find_or_make(w, texts[i]) : NULL;
        if (p->waits_on[i])
            ++*count_of(p->waits_on[i], i);
    }
}

static void drop_names(struct waiting *w, struct pending *p)
{
    for (int i = 0; i < NAMES; i++) {
        struct waiting_name *n = p->waits_on[i];
        p->waits_on[i] = NULL;
        if (!n)
            continue;
        --*count_of(n, i);
        if (!n->writers && !n->readers) {
            tdelete(n, &w->names, by_text);
            free(n);
        }
    }
}

/* ---- the list ---- */

static void take_out(struct waiting *w, struct pending *p)
{
    *(p->previous_waiting ? &p->previous_waiting->next_waiting : &w->first) = p->next_waiting;
    *(p->next_waiting ? &p->next_waiting->previous_waiting : &w->last) = p->previous_waiting;
    p->next_waiting = p->previous_waiting = NULL;
    w->count--;
    drop_names(w, p);
}

/* Those that were deferred come back before others that came later. */
static void put_in(struct waiting *w, struct pending *p, bool deferred)
{
    struct pending *before = w->last;
    while (before && before->arrival > p->arrival)
        before = before->previous_waiting;
    if (PLANTED(DEFERRED_TO_THE_FRONT) && deferred)
        before = NULL;
    p->previous_waiting = before;
    p->next_waiting = before ? before->next_waiting : w->first;
    *(before ? &before->next_waiting : &w->first) = p;
    *(p->next_waiting ? &p->next_waiting->previous_waiting : &w->last) = p;
    w->count++;
}

static bool touches(const struct pending *p, const struct waiting_name *n)
{
    bool found = false;
    for (int i = 0; i < NAMES; i++)
        found = found || p->waits_on[i] == n;
    return found;
}

static struct pending *last_of(const struct waiting *w, const struct waiting_name *n)
{
    struct pending *p = w->last;
    while (!touches(p, n))
        p = p->previous_waiting;
    return p;
}

struct pending *waiting_put(struct waiting *w, struct pending *p, const char *deferred_on)
{
    struct pending *late = NULL;
    put_in(w, p, deferred_on != NULL);
    add_names(w, p, deferred_on);
    for (int i = 0; i < NAMES; i++) {
        struct waiting_name *n = p->waits_on[i]; /* NULL too when `p` had to leave */
        if (!n || n->writers + n->readers <= WAITING_PER_NAME)
            continue;
        struct pending *last = last_of(w, n);
        take_out(w, last);
        last->next_waiting = late;
        late = last;
    }
    return late;
}

bool waiting_blocks(struct waiting *w, const struct pending *p)
{
    if (!w->count)
        return false;
    bool blocks = find(w, p->stream) || find(w, p->key);
    for (int i = 0; !blocks && i < p->declared_count; i++) {
        const struct waiting_name *read = find(w, p->declared_reads[i]);
        blocks = read && read->writers;
    }
    return blocks;
}

/* ---- a pass ---- */

void waiting_begin(struct waiting *w)
{
    w->pass++;
    w->next = w->first;
}

static bool is_blocked(const struct waiting *w, const struct pending *p)
{
    bool blocked = false;
    for (int i = 0; i < NAMES; i++) {
        const struct waiting_name *n = p->waits_on[i];
        blocked = blocked ||
                  (n && (n->written_in == w->pass || (!is_read_place(i) && n->read_in == w->pass)));
    }
    return blocked;
}

static void block_others(const struct waiting *w, struct pending *p)
{
    for (int i = 0; i < NAMES; i++)
        if (p->waits_on[i])
            *(is_read_place(i) ? &p->waits_on[i]->read_in : &p->waits_on[i]->written_in) = w->pass;
}

struct pending *waiting_next(struct waiting *w, int64_t now, bool room)
{
    struct pending *p;
    while ((p = w->next)) {
        w->next = p->next_waiting;
        bool late = now > p->deadline;
        bool leaves = late || (room && !is_blocked(w, p));
        if (!late)
            block_others(w, p);
        if (leaves) {
            take_out(w, p);
            return p;
        }
    }
    return NULL;
}

int waiting_count(const struct waiting *w)
{
    return w->count;
}
