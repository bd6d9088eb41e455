/* note.c -- see note.h. */
#include "audit/note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "base/banned.h"

enum { TRY_US = 10000 };

struct note_book {
    struct arena arena;
    int lock; /* a file: who has it may open the book */
    struct book *book;
};

static void note_book_close(struct note_book *n)
{
    book_close(n->book);
    if (n->lock >= 0)
        close(n->lock);
    arena_release(&n->arena);
}
#define scoped_note_book __attribute__((cleanup(note_book_close))) struct note_book

static fallible refuse_path(const char *path)
{
    log_error("the audit cannot use a file", KV("path", path),
              KV("reason", (const char *)strerror(errno)));
    return NOT_STARTED;
}

static fallible take_turn(const char *path, int *lock)
{
    int64_t until = time_monotonic() + NOTE_WAIT_MS * INT64_C(1000);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*lock < 0)
        return refuse_path(path);
    while (flock(*lock, LOCK_EX | LOCK_NB)) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || time_monotonic() > until)
            return refuse_path(path);
        usleep(TRY_US);
    }
    return NULL;
}

static fallible note_book_open(const struct note_place *place, enum audit_book b,
                               struct note_book *n)
{
    const char *name = arena_join(&n->arena, place->program, ".", audit_book_name(b));
    struct book_settings settings = {.folder = arena_join(&n->arena, place->spool, "/", name),
                                     .service = place->program,
                                     .name = name,
                                     .max_bytes = audit_book_bytes(b, place->spool_bytes)};
    TRY(take_turn(arena_printf(&n->arena, "%s.lock", settings.folder), &n->lock));
    return book_open(&settings, &n->book);
}

fallible note_write(const struct note_place *place, const struct audit_record *r)
{
    scoped_note_book n = {.lock = -1};
    scoped_text line = {0};
    struct book_figures before, after;
    TRY(note_book_open(place, audit_book_of(r->kind), &n));
    record_write(r, &line);
    text_append_char(&line, '\n');
    book_figures(n.book, &before);
    book_write(n.book, text_value(&line), line.length);
    book_figures(n.book, &after);
    return after.dropped == before.dropped && book_sync(n.book) ? NULL : NOT_STARTED;
}

fallible note_ship(const struct note_place *place, enum audit_book book, const struct seal_key *key,
                   const struct audit_target *target)
{
    scoped_note_book n = {.lock = -1};
    struct book_page page = {.count = 0};
    const struct problem *p = note_book_open(place, book, &n);
    if (p)
        return p;
    book_seal(n.book, key, true);
    if (book_sync(n.book))
        while (!p && book_read_page(n.book, &page))
            p = ship_page(target, book, n.book, &page);
    arena_release(&page.arena);
    return p;
}
