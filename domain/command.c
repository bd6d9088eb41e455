/* command.c -- descriptors made from the rows of commands.def, and the names of streams. */
#include "domain/command.h"

#include "domain/category.h"
#include "base/banned.h"

#define COMMAND_SHAPE(Name, decider, sees) DEFINE_SHAPE(Name)
COMMANDS(COMMAND_SHAPE)

enum sees { NONE, REPORT, CATEGORY };

#define COMMAND_ROW(Name, decider, sees) [Name] = {#Name, &Name##_shape, #decider, sees},
static const struct {
    const char *name;
    const struct shape *shape;
    const char *decider;
    enum sees sees;
} rows[] = {COMMANDS(COMMAND_ROW)};

const char *command_name(enum command_type type)
{
    return rows[type].name;
}

const struct shape *command_shape(enum command_type type)
{
    return rows[type].shape;
}

static const struct {
    enum command_type type;
    size_t offset; /* of the text in struct command */
    const char *value;
} defaults[] = {
    {CreateReport, offsetof(struct command, CreateReport.category), "lainnya"},
    {CreateReport, offsetof(struct command, CreateReport.visibility), "PUBLIC"},
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct texts_pair *)a)->key, ((const struct texts_pair *)b)->key);
}

void command_fill(struct command *c)
{
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        const char **text = (const char **)(void *)((char *)c + defaults[i].offset);
        if (defaults[i].type == c->type && !*text)
            *text = defaults[i].value;
    }
    if (c->type == DefineCategory)
        qsort(c->DefineCategory.names->at, (size_t)c->DefineCategory.names->count,
              sizeof(struct texts_pair), by_key);
}

static void name_stream(const char *kind, const char *id, char out[STREAM_TEXT])
{
    const char *end = out + STREAM_TEXT;
    text_put(text_put(out, end, kind), end, id);
}

void stream_of_report(const char *report_id, char out[STREAM_TEXT])
{
    name_stream("report-", report_id, out);
}

void stream_of_category(const char *code, char out[STREAM_TEXT])
{
    name_stream("category-", code, out);
}

static void stream_of_vote(const char *report_id, const char *user_id, char out[STREAM_TEXT])
{
    snprintf(out, STREAM_TEXT, "vote-%s-%s", report_id, user_id);
}

void command_stream(const struct command *c, char out[STREAM_TEXT])
{
    switch (c->type) {
    case CreateReport:
    case UpdateReportStatus:
    case UpdateCaseStatus:
    case WithdrawReport: stream_of_report(c->target, out); return;
    case UpvoteReport:
    case WithdrawUpvote: stream_of_vote(c->target, c->actor.user_id, out); return;
    case DefineCategory: stream_of_category(c->target, out); return;
    case COMMAND_TYPES: break;
    }
    out[0] = '\0';
}

void command_sees(const struct command *c, char out[STREAM_TEXT])
{
    out[0] = '\0';
    switch (rows[c->type].sees) {
    case NONE: return;
    case REPORT: stream_of_report(c->target, out); return;
    case CATEGORY:
        if (is_category_code(c->CreateReport.category)) /* else the rule refuses it unseen */
            stream_of_category(c->CreateReport.category, out);
        return;
    }
}

bool command_creates(const struct command *c)
{
    return c->type == CreateReport;
}
