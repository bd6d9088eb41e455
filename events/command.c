/* command.c -- descriptors made from the rows of all commands.def, and the names of streams. */
#include "events/command.h"

#include "base/banned.h"

#define COMMAND_SHAPE(Name, ...) DEFINE_SHAPE(Name)
COMMANDS(COMMAND_SHAPE)

struct read_row {
    const char *kind; /* NULL: no more */
    size_t id;        /* offset in struct command of the text behind the kind */
    bool and_actor;   /* and the user's id behind that */
};

/* clang-format off */
#define READS_NOTHING                    {NULL, 0, false}
#define READS_PATH(kind)                 {#kind, offsetof(struct command, target), false}
#define READS_MEMBER(kind, Name, member) {#kind, offsetof(struct command, Name.member), false}
#define READS_ACTOR(kind)                {#kind, offsetof(struct command, actor.user_id), false}
#define READS_PATH_AND_ACTOR(kind)       {#kind, offsetof(struct command, target), true}
/* clang-format on */
#define COMMAND_ROW(Name, kind, id, ...) [Name] = {#Name, &Name##_shape, #kind, id, {__VA_ARGS__}},
static const struct {
    const char *name;
    const struct shape *shape;
    const char *kind;
    enum stream_id id;
    struct read_row reads[DECLARED_READS_MAX];
} rows[] = {COMMANDS(COMMAND_ROW)};

const char *command_name(int type)
{
    return rows[type].name;
}

const struct shape *command_shape(int type)
{
    return rows[type].shape;
}

const char *command_kind(int type)
{
    return rows[type].kind;
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

static bool is_of(const char *text, const char *characters)
{
    size_t n = strspn(text, characters);
    return n >= 1 && n <= 64 && !text[n];
}

bool is_word(const char *text)
{
    return is_of(text, "abcdefghijklmnopqrstuvwxyz0123456789-_");
}

bool is_code(const char *text)
{
    return is_of(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
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

static void add_actor(const struct command *c, char stream[STREAM_TEXT])
{
    size_t length = strlen(stream);
    snprintf(stream + length, STREAM_TEXT - length, "-%s", c->actor.user_id);
}

void command_stream(const struct command *c, char out[STREAM_TEXT])
{
    stream_name(rows[c->type].kind, own_stream_id(c), out);
    if (rows[c->type].id == PATH_ID_AND_ACTOR)
        add_actor(c, out);
}

/* False: the command names none, or one that the rule refuses unread. */
static bool name_read(const struct command *c, const struct read_row *r, char out[STREAM_TEXT])
{
    const char *id;
    memcpy(&id, (const char *)c + r->id, sizeof(id));
    if (!id || (!is_word(id) && !is_code(id)) || (r->and_actor && !c->actor.user_id))
        return false;
    stream_name(r->kind, id, out);
    if (r->and_actor)
        add_actor(c, out);
    return true;
}

int command_declared_reads(const struct command *c, char out[DECLARED_READS_MAX][STREAM_TEXT])
{
    const struct read_row *reads = rows[c->type].reads;
    int count = 0;
    for (int i = 0; i < DECLARED_READS_MAX && reads[i].kind; i++) {
        bool adds = name_read(c, &reads[i], out[count]);
        for (int k = 0; adds && k < count; k++)
            adds = !text_equal(out[k], out[count]);
        count += adds;
    }
    return count;
}
