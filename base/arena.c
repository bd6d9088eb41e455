/* arena.c -- blocks in a list; each new one doubles, so a request costs a handful of mallocs. */
#include "base/arena.h"

#include <stdint.h>

#include "base/banned.h"

enum { FIRST_BLOCK = 1024, LARGEST_STEP = 256 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t size; /* of `bytes` */
    _Alignas(max_align_t) unsigned char bytes[];
};

void *must_alloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p)
        abort();
    return p;
}

static void grow(struct arena *a, size_t need)
{
    size_t size = a->blocks ? a->blocks->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_STEP)
        size = LARGEST_STEP;
    if (size < need)
        size = need;
    struct arena_block *b = must_alloc(1, sizeof(*b) + size);
    b->older = a->blocks;
    b->size = size;
    a->blocks = b;
    a->left = size;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX - align)
        abort();
    size = (size + align - 1) & ~(align - 1);
    if (!a->blocks || size > a->left)
        grow(a, size);
    void *p = a->blocks->bytes + (a->blocks->size - a->left);
    a->left -= size;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        abort();
    return arena_alloc(a, total);
}

char *arena_bytes(struct arena *a, const void *s, size_t length)
{
    char *copy = arena_alloc(a, length + 1);
    if (length)
        memcpy(copy, s, length);
    return copy;
}

const char *arena_text(struct arena *a, const char *s)
{
    return s ? arena_bytes(a, s, strlen(s)) : NULL;
}

const char *arena_join(struct arena *a, const char *first, const char *second, const char *third)
{
    size_t n1 = strlen(first), n2 = strlen(second), n3 = strlen(third);
    char *s = arena_alloc(a, n1 + n2 + n3 + 1);
    memcpy(s, first, n1);
    memcpy(s + n1, second, n2);
    memcpy(s + n1 + n2, third, n3);
    return s;
}

const char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *s = arena_vprintf(a, format, args);
    va_end(args);
    return s;
}

const char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    char brief[64];
    int length = vsnprintf(brief, sizeof(brief), format, args);
    if (length < 0)
        abort();
    char *s = arena_alloc(a, (size_t)length + 1);
    if ((size_t)length < sizeof(brief))
        memcpy(s, brief, (size_t)length + 1);
    else
        vsnprintf(s, (size_t)length + 1, format, again);
    va_end(again);
    return s;
}

void arena_release(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *older = a->blocks->older;
        free(a->blocks);
        a->blocks = older;
    }
    a->left = 0;
}

void arena_reset(struct arena *a)
{
    struct arena_block *b = a->blocks;
    if (!b)
        return;
    struct arena rest = {.blocks = b->older};
    arena_release(&rest);
    b->older = NULL;
    memset(b->bytes, 0, b->size - a->left);
    a->left = b->size;
}

void arena_wipe(struct arena *a)
{
    for (struct arena_block *b = a->blocks; b; b = b->older)
        explicit_bzero(b->bytes, b->size);
    arena_release(a);
}

size_t arena_size(const struct arena *a)
{
    size_t total = 0;
    for (const struct arena_block *b = a->blocks; b; b = b->older)
        total += sizeof(*b) + b->size;
    return total;
}
