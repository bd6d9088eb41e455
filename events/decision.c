/* decision.c -- the small vocabulary rules are written in. */
#include "events/decision.h"

#include "base/banned.h"

const struct problem NEEDS_STREAM[1] = {
    {"NEEDS_STREAM", "Another stream must be loaded.", BROKEN, "Aliran lain harus dimuat."}};

static const struct stream_kind *find_kind(const char *stream)
{
    size_t length = strcspn(stream, "-");
    for (const struct stream_kind *k = stream_kinds; k->kind; k++)
        if (stream[length] && strlen(k->kind) == length && strncmp(k->kind, stream, length) == 0)
            return k;
    return NULL;
}

bool is_stream(const char *stream)
{
    return find_kind(stream) != NULL;
}

const struct decider *stream_decider(const char *stream)
{
    const struct stream_kind *k = find_kind(stream);
    return k ? k->decider : NULL;
}

bool is_stream_category(const char *category)
{
    for (const struct stream_kind *k = stream_kinds; k->kind; k++)
        if (text_equal(k->category, category))
            return true;
    return false;
}

bool command_may_be_anonymous(int type)
{
    for (const struct stream_kind *k = stream_kinds; k->kind; k++)
        if (k->authored && text_equal(k->kind, command_kind(type)))
            return true;
    return false;
}

void command_complete(struct command *c, struct arena *a)
{
    char stream[STREAM_TEXT];
    command_stream(c, stream);
    const struct decider *d = stream_decider(stream);
    if (d && d->complete)
        d->complete(c);
    if (d && d->prepare)
        c->prepared = d->prepare(c, a);
}

void decision_release(struct decision *d)
{
    text_release(&d->answer);
}

fallible decision_write(struct decision *d, const char **type, struct fault *fault)
{
    for (int i = 0; i < d->emitted_count; i++) {
        struct emitted *e = &d->emitted[i];
        scoped_text data = {0};
        *type = event_name(e->event.type);
        TRY(event_write(&e->event, d->arena, &data, fault));
        e->data = arena_text(d->arena, text_value(&data));
    }
    return NULL;
}

void emit(struct decision *out, const char *stream, const char *category, struct event e)
{
    if (out->emitted_count == EMITTED_MAX || !is_stream_category(category)) {
        out->broken = out->emitted_count == EMITTED_MAX ? "It emits more events than EMITTED_MAX."
                                                        : "It emits to an unknown category.";
        return;
    }
    out->emitted[out->emitted_count++] =
        (struct emitted){arena_text(out->arena, stream), arena_text(out->arena, category), e, NULL};
}

void emit_not_before(struct decision *out, int64_t moment)
{
    if (moment > out->not_before)
        out->not_before = moment;
}

void answer(struct decision *out, const char *name, const char *value)
{
    if (out->answer.length)
        text_append_char(&out->answer, ',');
    text_append_json(&out->answer, name);
    text_append_char(&out->answer, ':');
    text_append_json(&out->answer, value);
}

static fallible find_read(struct decision *out, const char *stream, const struct state_read **found)
{
    for (int i = 0; i < out->read_count; i++)
        if (text_equal(out->reads[i].stream, stream) && out->reads[i].state) {
            *found = &out->reads[i];
            return NULL;
        }
    snprintf(out->needs, sizeof(out->needs), "%s", stream);
    return NEEDS_STREAM;
}

fallible read_state(struct decision *out, const char *stream, const void **state)
{
    const struct state_read *read;
    TRY(find_read(out, stream, &read));
    *state = read->state;
    return NULL;
}

fallible read_stream_version(struct decision *out, const char *stream, int64_t *version)
{
    const struct state_read *read;
    TRY(find_read(out, stream, &read));
    *version = read->version;
    return NULL;
}

const struct problem *refuse(struct decision *out, const struct problem *p, const char *field,
                             const char *detail)
{
    return fault_at(&out->fault, p, field, detail);
}

const struct problem *refuse_saying(struct decision *out, const struct problem *p,
                                    const char *field, const struct sentence *s, ...)
{
    const char *in[LANGUAGES];
    for (int i = 0; i < LANGUAGES; i++) {
        va_list args;
        va_start(args, s);
        in[i] = arena_vprintf(out->arena, s->in[i], args);
        va_end(args);
    }
    out->fault = (struct fault){field, in[ENGLISH], in[INDONESIAN]};
    return p;
}

static bool names_version(const struct precondition *p, int64_t version)
{
    bool named = p->any && version > 0;
    for (int i = 0; i < p->count; i++)
        named = named || p->versions[i] == version;
    return named;
}

static const struct problem *mismatch(struct decision *out, const char *header)
{
    const char *detail = "It does not exist.";
    if (out->version)
        detail = arena_printf(out->arena, "It is at version %lld.", (long long)out->version);
    return refuse(out, VERSION_MISMATCH, header, detail);
}

fallible check_version(const struct command *c, struct decision *out)
{
    if (c->if_match.given && !names_version(&c->if_match, out->version))
        return mismatch(out, "If-Match");
    if (c->if_none_match.given && names_version(&c->if_none_match, out->version))
        return mismatch(out, "If-None-Match");
    return NULL;
}
