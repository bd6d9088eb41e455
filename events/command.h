/* command.h -- what may be asked of all features, as C values: one request of one actor.
 *
 * features/<name>/commands.def lists them. A row: name, kind of the stream it is decided on, what
 * names that stream behind the kind (enum stream_id), then READS_NOTHING or up to
 * DECLARED_READS_MAX other streams that its rule needs and the command itself names: of a kind, and
 *
 *   READS_PATH(kind)                  the id of the path
 *   READS_MEMBER(kind, Name, member)  a word, code or UUID of the body; else there is none to read
 *   READS_ACTOR(kind)                 the user's id; nobody logged in, there is none to read
 *   READS_PATH_AND_ACTOR(kind)        both, as PATH_ID_AND_ACTOR
 *
 * They are loaded by the batch's one query, and no command of the same batch writes them. A rule
 * may ask for more (decision.h). <Name>_FIELDS is the body, as in event.h; the actor comes from the
 * token, the time from the edge. */
#pragma once

#include "events/event.h"
#include "lists/commands.def"

#define COMMAND_NUMBER(Name, ...) NUMBER_OF_##Name,
enum { COMMANDS(COMMAND_NUMBER) COMMAND_TYPES };
#define COMMAND_TYPE(Name, ...)     Name = NUMBER_OF_##Name,
#define COMMAND_ENUM(feature, LIST) enum feature##_command{LIST(COMMAND_TYPE)};
COMMAND_LISTS(COMMAND_ENUM)

#define COMMAND_STRUCT(Name, ...) DEFINE_STRUCT(Name)
COMMANDS(COMMAND_STRUCT)

enum {
    STREAM_TEXT = 128, /* bytes of a stream's name, with the NUL */
    DECLARED_READS_MAX = 4
};

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
#define COMMAND_MEMBER(Name, ...) struct Name Name;
struct command {
    int type; /* of a feature's enum */
    struct actor actor;
    int64_t now;        /* us */
    const char *target; /* id or word of the path; of a command without one its new id */
    const char *new_id; /* of what is made, if the path's id is that of something else; a row says
                           whether there is one */
    struct precondition if_match, if_none_match;
    const void *prepared; /* by its decider's `prepare`; NULL: nothing */
    union {
        char body[8]; /* where all of them begin */
        COMMANDS(COMMAND_MEMBER)
    };
};

const char *command_name(int type);
const struct shape *command_shape(int type); /* of the body; count 0: no body */
/* What names a command's own stream, behind the kind. */
enum stream_id {
    NEW_ID,            /* an id never used before: there is nothing to load */
    NEW_ID_OF_PATH,    /* the same, command.new_id; the path's id, a UUID, is of something else */
    PATH_ID,           /* the path's, a UUID */
    PATH_ID_NEW_PART,  /* the same; command.new_id is of what the command adds to it */
    PATH_WORD,         /* the path's, 1 to 64 of a-z, 0-9, dash and underscore */
    PATH_CODE,         /* the path's, 1 to 64 of A-Z, 0-9 and underscore */
    PATH_ID_AND_ACTOR, /* the path's and the user's */
    OWN_ID, /* the user's; the path's word, as of PATH_WORD, names a part of it if there is one */
    NAMED_DEFAULT, /* DEFAULT_NAME: of a path that names nothing */
};
#define DEFAULT_NAME "default"
enum stream_id command_id(int type);
const char *command_kind(int type); /* of the stream it is decided on */
bool command_creates(int type);     /* is it a new id? */
bool command_takes_new_id(int type);

/* 1 to 64 of a-z, 0-9, dash and underscore. */
bool is_word(const char *text);
/* 1 to 64 of A-Z, 0-9 and underscore, as the agency of an account. */
bool is_code(const char *text);

/* The stream the command is decided on. */
void command_stream(const struct command *c, char out[STREAM_TEXT]);
/* Those that its row says it reads besides, each once: how many. */
int command_declared_reads(const struct command *c, char out[DECLARED_READS_MAX][STREAM_TEXT]);

/* "<kind>-<id>" */
void stream_name(const char *kind, const char *id, char out[STREAM_TEXT]);
