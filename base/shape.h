/* shape.h -- structs of facts and commands, described as rows, and read from and written to JSON.
 *
 * A list of rows, F(presence, kind, name, limit[, PERSONAL]), is written once:
 *
 *     #define ReportUpvoted_FIELDS(F)            \
 *         F(REQUIRED, UUID, report_id,     0)    \
 *         F(REQUIRED, UUID, voter_user_id, 0)
 *
 * DEFINE_STRUCT(ReportUpvoted) makes the struct, DEFINE_SHAPE(ReportUpvoted) its descriptor. A kind
 * K is three macros: C_TYPE_K, the member's C type; KIND_K, the JSON form; SUB_K, what the form
 * refers to. base/kinds.h has the kinds there are, and the presences; those of the domain (a place,
 * the words of a status) are defined in events/ and by features. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/kinds.h"
#include "base/problem.h"
#include "base/text.h"

enum { PERSONAL = 1, BARE = 1 }; /* must be erasable; see DEFINE_BARE_SHAPE */

struct field {
    const char *name;
    enum presence presence;
    enum field_kind kind;
    int64_t limit;
    int flags;       /* PERSONAL or 0 */
    size_t offset;   /* of the member */
    size_t cleared;  /* of the bool that null sets; 0: there is none */
    const void *sub; /* WORD: const char *const *, NULL-ended; OBJECT, LIST: const struct shape * */
};

struct shape {
    const char *name;
    size_t size; /* of the struct */
    int count;
    const struct field *(*fields)(void); /* `count` rows */
    bool bare;                           /* see DEFINE_BARE_SHAPE */
    /* Of the whole, what a client sent: a problem and its sentence, or NULL. NULL: no such rule. */
    const struct problem *(*refuse)(const void *body, const char **detail);
};

#define SHAPE_MEMBER(presence, kind, name, ...) \
    C_TYPE_##kind name;                         \
    IF_CLEARABLE_##presence(bool name##_cleared;)
#define DEFINE_STRUCT(Name)         \
    struct Name {                   \
        Name##_FIELDS(SHAPE_MEMBER) \
    };

#define SHAPE_COUNT(...)        +1
#define SHAPE_LIMIT(limit, ...) (limit)
#define SHAPE_FLAGS(limit, ...) (0 __VA_OPT__(+__VA_ARGS__))
#define SHAPE_ROW(presence, kind, name, ...)                            \
    {#name,                                                             \
     presence,                                                          \
     KIND_##kind,                                                       \
     SHAPE_LIMIT(__VA_ARGS__),                                          \
     SHAPE_FLAGS(__VA_ARGS__),                                          \
     offsetof(shape_owner, name),                                       \
     0 IF_CLEARABLE_##presence(+offsetof(shape_owner, name##_cleared)), \
     SUB_##kind},

#define DEFINE_SHAPE(Name)             DEFINE_RULED_SHAPE(Name, NULL)
#define DEFINE_RULED_SHAPE(Name, rule) DEFINE_ANY_SHAPE(Name, false, rule)
#define DEFINE_ANY_SHAPE(Name, is_bare, rule)                                                   \
    static const struct field *Name##_rows(void)                                                \
    {                                                                                           \
        typedef struct Name shape_owner __attribute__((unused)); /* a shape may have no rows */ \
        static const struct field rows[] = {Name##_FIELDS(SHAPE_ROW)};                          \
        return rows;                                                                            \
    }                                                                                           \
    const struct shape Name##_shape = {                                                         \
        #Name, sizeof(struct Name), 0 Name##_FIELDS(SHAPE_COUNT), Name##_rows, is_bare, rule};

/* An element of a list that is, in JSON, the value of its one member alone, a REQUIRED one. */
#define DEFINE_BARE_SHAPE(Name) DEFINE_ANY_SHAPE(Name, BARE, NULL)

/* The i-th of a list, from 0: a struct of the shape. */
static inline const void *list_item(const struct shape_list *list, const struct shape *of, int i)
{
    return (const unsigned char *)list->at + (size_t)i * of->size;
}

/* Reads one JSON object of `length` bytes into *out (overwritten only on success), texts into `a`.
 * Refuses, naming the member in `fault`: what is not RFC 8259 to the last byte, unknown, missing
 * and repeated members, wrong types, over-long and blank texts, values out of range. */
fallible shape_read(const struct shape *shape, const char *json, size_t length, struct arena *a,
                    void *out, struct fault *fault);

/* The same of what was stored: rules about what a text says may be younger and do not count. */
fallible shape_read_stored(const struct shape *shape, const char *json, struct arena *a, void *out,
                           struct fault *fault);

/* Appends the struct as one JSON object; absent members are left out, cleared ones null. */
void shape_write(const struct shape *shape, const void *from, struct text *out);
