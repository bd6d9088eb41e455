/* command.h -- the commands of commands.def as C values: one wish of one actor. */
#pragma once

#include "domain/commands.def"
#include "events/event.h"

#define COMMAND_TYPE(Name, decider, sees) Name,
enum command_type { COMMANDS(COMMAND_TYPE) COMMAND_TYPES };

#define COMMAND_STRUCT(Name, decider, sees) DEFINE_STRUCT(Name)
COMMANDS(COMMAND_STRUCT)

enum { STREAM_TEXT = 128 }; /* bytes of a stream's name, with the NUL */

struct actor {
    const char *user_id;   /* NULL: nobody is logged in, or the system */
    const char *pseudonym; /* of the same person; NULL if there is no user */
    const char *agency;    /* "" if none */
    enum role role;        /* ANYONE, one role, or SYSTEM */
};

/* What the stream must be at, or must not: If-Match and If-None-Match. */
enum { PRECONDITION_VERSIONS_MAX = 16 };
struct precondition {
    bool given;
    bool any; /* "*": at any version, so it must exist */
    int count;
    int64_t versions[PRECONDITION_VERSIONS_MAX];
    int64_t epochs[PRECONDITION_VERSIONS_MAX]; /* of the log when the tags were given out; 0: any */
};

/* Filled at the edge; everything is borrowed and outlives the decision. */
#define COMMAND_MEMBER(Name, decider, sees) struct Name Name;
struct command {
    enum command_type type;
    struct actor actor;
    int64_t now;        /* us */
    const char *target; /* id of the path, or the new id of a create */
    struct precondition if_match, if_none_match;
    union {
        COMMANDS(COMMAND_MEMBER)
    };
};

const char *command_name(enum command_type type);
const struct shape *command_shape(enum command_type type); /* of the body; count 0: no body */

/* Gives members of the body that were left out their defaults, and sorts names: two that mean the
 * same are the same afterwards. Before anything is made of the body, whose texts must be its own.
 */
void command_fill(struct command *c);

/* The stream the command is decided on, and the first one it looks at besides; "" if none. */
void command_stream(const struct command *c, char out[STREAM_TEXT]);
void command_sees(const struct command *c, char out[STREAM_TEXT]);

/* True if the command makes a new stream under an id never used before, so that there is nothing
 * to load. */
bool command_creates(const struct command *c);

void stream_of_report(const char *report_id, char out[STREAM_TEXT]);
void stream_of_category(const char *code, char out[STREAM_TEXT]);
