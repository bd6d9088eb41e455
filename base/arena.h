/* arena.h -- memory that lives exactly as long as one request, one batch or one cached state.
 * An arena starts as { 0 }. Not shared between threads. Memory is zeroed, aligned for any type
 * and never NULL: out of memory aborts, the service restarts, clients repeat. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t left;                /* free bytes at the end of the newest block */
};

void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull));
void *arena_array(struct arena *a, size_t count, size_t size) __attribute__((malloc));

/* Copies, ended by NUL. arena_text(NULL) is NULL. */
const char *arena_text(struct arena *a, const char *s);
char *arena_bytes(struct arena *a, const void *s, size_t length);
/* The three in a row. */
const char *arena_join(struct arena *a, const char *first, const char *second, const char *third);
const char *arena_vprintf(struct arena *a, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
const char *arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Everything at once; the arena is empty again and may be used anew. */
void arena_release(struct arena *a);
/* Everything but the newest block, which is the largest one: for who soon needs as much again. */
void arena_reset(struct arena *a);
/* Everything at once, of what held a secret: overwritten first. */
void arena_wipe(struct arena *a);

/* Bytes taken from the system: what a cache counts. */
size_t arena_size(const struct arena *a);

#define scoped_arena __attribute__((cleanup(arena_release))) struct arena

/* malloc that aborts instead of returning NULL; free with free(). Zeroed. */
void *must_alloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
