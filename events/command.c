/* command.c -- descriptors made from the rows of all commands.def, and the names of streams. */
#include "events/command.h"

#include "base/banned.h"

#define COMMAND_SHAPE(Name, ...) DEFINE_SHAPE(Name)
COMMANDS(COMMAND_SHAPE)

struct read_row {
    const char *kind; /* NULL: none */
    size_t member;    /* offset in struct command of the text that names it; 0: the path does */
};

#define READS_NOTHING \
    {                 \
        NULL, 0       \
    }
#define READS_PATH(kind) \
    {                    \
#kind, 0         \
    }
#define READS_MEMBER(kind, Name, member)             \
    {                                                \
#kind, offsetof(struct command, Name.member) \
    }
#define COMMAND_ROW(Name, kind, id, ...) [Name] = {#Name, &Name##_shape, #kind, id, __VA_ARGS__},
static const struct {
    const char *name;
    const struct shape *shape;
    const char *kind;
    enum stream_id id;
    struct read_row reads;
} rows[] = {COMMANDS(COMMAND_ROW)};

const char *command_name(int type)
{
    return rows[type].name;
}

const struct shape *command_shape(int type)
{
    return rows[type].shape;
}

enum stream_id command_id(int type)
{
    return rows[type].id;
}

bool command_creates(int type)
{
    return rows[type].id == NEW_ID || rows[type].id == NEW_ID_OF_PATH;
}

bool command_takes_new_id(int type)
{
    return command_creates(type) || rows[type].id == PATH_ID_NEW_PART;
}

bool is_word(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    return n >= 1 && n <= 64 && !text[n];
}

void stream_name(const char *kind, const char *id, char out[STREAM_TEXT])
{
    const char *end = out + STREAM_TEXT;
    text_put(text_put(text_put(out, end, kind), end, "-"), end, id);
}

static const char *own_stream_id(const struct command *c)
{
    enum stream_id id = rows[c->type].id;
    return id == NEW_ID_OF_PATH ? c->new_id : id == OWN_ID ? c->actor.user_id : c->target;
}

void command_stream(const struct command *c, char out[STREAM_TEXT])
{
    stream_name(rows[c->type].kind, own_stream_id(c), out);
    if (rows[c->type].id == PATH_ID_AND_ACTOR) {
        size_t length = strlen(out);
        snprintf(out + length, STREAM_TEXT - length, "-%s", c->actor.user_id);
    }
}

void command_declared_read(const struct command *c, char out[STREAM_TEXT])
{
    const struct read_row *r = &rows[c->type].reads;
    const char *id = c->target;
    out[0] = '\0';
    if (r->member)
        memcpy(&id, (const char *)c + r->member, sizeof(id));
    if (r->kind && id && is_word(id)) /* else the rule refuses it unread */
        stream_name(r->kind, id, out);
}
