/* event_sample.c -- see event_sample.h. */
#include "tests/support/event_sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/members.h"
#include "base/text.h"

enum { SAMPLE_BYTES = 65536 };

static const char *sample_text(struct arena *a, int type, int version)
{
    const char *path =
        arena_printf(a, SOURCE_DIR "/events/schema/samples/%s.v%d.json", event_name(type), version);
    char *text = arena_alloc(a, SAMPLE_BYTES);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, SAMPLE_BYTES - 1, f) : 0;
    if (f)
        fclose(f);
    if (n)
        return text;
    fprintf(stderr, "Add %s: `data` of one such event, every member filled.\n", path);
    exit(2);
}

static struct members members_of(struct arena *a, const char *json)
{
    struct members m;
    if (members_read(json, a, &m))
        return m;
    fprintf(stderr, "not a JSON object: %s\n", json);
    exit(2);
}

static bool is_named(const struct member *one, const struct member *other)
{
    return one->name.length == other->name.length &&
           strncmp(one->name.at, other->name.at, one->name.length) == 0;
}

static bool is_in(const struct members *m, const struct member *one)
{
    for (int i = 0; i < m->count; i++)
        if (is_named(&m->at[i], one))
            return true;
    return false;
}

static void add_member(struct text *out, const struct member *m)
{
    if (m->json.length == 4 && strncmp(m->json.at, "null", 4) == 0)
        return;
    text_printf(out, "%s\"%.*s\":%.*s", out->length > 1 ? "," : "", (int)m->name.length, m->name.at,
                (int)m->json.length, m->json.at);
}

const char *event_sample_at(struct arena *a, int type, int version, const char *changes)
{
    scoped_text out = {0};
    struct members sample = members_of(a, sample_text(a, type, version));
    struct members changed = members_of(a, changes);
    text_append_char(&out, '{');
    for (int i = 0; i < sample.count; i++)
        if (!is_in(&changed, &sample.at[i]))
            add_member(&out, &sample.at[i]);
    for (int i = 0; i < changed.count; i++)
        add_member(&out, &changed.at[i]);
    text_append_char(&out, '}');
    return arena_text(a, text_value(&out));
}

const char *event_sample(struct arena *a, int type, const char *changes)
{
    return event_sample_at(a, type, event_version(type), changes);
}
