/* features.c -- what the machines run of the features, as tables made from the lists. */
#include "events/answer.h"
#include "events/decision.h"
#include "events/gather.h"
#include "events/sql_fragment.h"

#include "base/banned.h"

#define STREAM(kind, category)          extern const struct decider kind##_decider[1];
#define AUTHORED_STREAM(kind, category) STREAM(kind, category)
#include "lists/streams.def"
#undef STREAM
#undef AUTHORED_STREAM

#define STREAM(kind, category)          {#kind, category, kind##_decider, false},
#define AUTHORED_STREAM(kind, category) {#kind, category, kind##_decider, true},
const struct stream_kind stream_kinds[] = {
#include "lists/streams.def"
    {.kind = NULL}};
#undef STREAM
#undef AUTHORED_STREAM

#define UPCASTER_ROW(wire, from, Old, Next, function) \
    {wire, from, &Old##_shape, &Next##_shape, function},
const struct upcaster event_upcasters[] = {UPCASTERS(UPCASTER_ROW){.name = NULL}};

#define FRAGMENT(name) void append_##name(struct text *sql);
#include "lists/fragments.def"
#undef FRAGMENT

#define FRAGMENT(name) {#name, append_##name},
const struct sql_fragment sql_fragments[] = {
#include "lists/fragments.def"
    {.name = NULL}};
#undef FRAGMENT

#define ANSWER(name) \
    const struct problem *answer_##name(const char *read, struct arena *a, struct text *out);
#include "lists/answers.def"
#undef ANSWER

#define ANSWER(name) {#name, answer_##name},
const struct query_answer query_answers[] = {
#include "lists/answers.def"
    {.name = NULL}};
#undef ANSWER

#define GATHER(command, member, file, shape) {command, member, #file, &shape##_shape},
const struct gather_row gather_rows[] = {
#include "lists/gathers.def"
    {.file = NULL}};
#undef GATHER
