/* engine_parts.h -- what the files of the engine share: engine.c reads, lane.c applies, registry.c
 * knows which view is where, retry.c frees parked streams. */
#pragma once

#include "view_engine/engine.h"
#include "view_engine/parked.h"

enum { MAX_LANES = 64, BATCH_EVENTS = 1000, READ_ENTRIES = 500 };

/* Views at the same position: one transaction and one checkpoint for all. lanes[0] is the home of
 * the engine's views; in each other one a view catches up. */
struct lane {
    const char *name;
    int64_t position, epoch, revision;
};

/* One version of a view as the database has it. */
struct projected {
    struct view view; /* named like the version's schema */
    int version;
    bool filling; /* by a rebuild, which ends where an event would be parked */
    int lane;     /* index */
    struct parked parked;
};

struct engine {
    struct engine_parts parts;
    struct arena arena; /* the engine's life */
    struct view *files; /* of this program, its folds among them */
    int file_count;
    struct arena view_arena; /* until the set of versions changes */
    struct projected *views; /* that this engine keeps */
    int view_count;
    struct arena lane_names; /* until the next load */
    struct lane lanes[MAX_LANES];
    int lane_count;
    int64_t epoch;
    bool loaded;     /* lanes, views and parked streams are as the database has them */
    bool registered; /* has been loaded once */
    bool renewed;    /* the set of versions is another one */
    bool set_back;   /* the store is behind the views: waits for a new epoch */
    bool unread_retried;
    int64_t prepared_on; /* connection on which all statements are prepared */
    const char *stopped;

    /* reading */
    bool caught_up;      /* the store was read to its end: the stream can be followed */
    int64_t redis_again; /* monotonic: not to be asked before */
    int64_t lanes_again; /* monotonic: lanes beside the home are left alone until then */
    int64_t trouble_at;  /* cursor at the last entry that could not be used */
    int64_t newest;      /* last position known to exist */
    int64_t lag_again;   /* monotonic: when the lanes are compared with the head again */
    int64_t behind_since[MAX_LANES]; /* time of the first event not applied then; 0: none */
    int batch_events;                /* smaller after a batch took too long */
    int backoff_ms;
    struct engine_health health;
};

/* Remembers why the engine cannot go on; the caller has logged the detail. NOT_STARTED. */
const struct problem *engine_stop(struct engine *e, const char *why);

/* views.c: the files and folds of e->parts. NOT_STARTED, logged: one is malformed. */
fallible views_read_own(struct engine *e);
/* Reads which versions of its views this engine keeps, by the texts the database holds.
 * VERSION_CONFLICT and e->renewed if they are not those it has: they must be forgotten first. */
fallible views_load(struct engine *e);
/* Closes the connection to the views; also ends the engine's hold of them. */
void views_forget(struct engine *e);
struct view *engine_file(struct engine *e, const char *name); /* NULL: none of this program's */

/* registry.c: reads lanes, views and parked streams from the database, and makes what is missing
 * there. Needs e->epoch of the store. */
fallible registry_load(struct engine *e);
/* Moves the views of a lane that has reached home into it. The engine must load anew after it. */
fallible registry_join(struct engine *e, int lane);

/* NULL: this engine keeps no version of that name. */
struct projected *registry_find(struct engine *e, const char *view);
/* Has another engine, or a retry, moved the home lane since it was loaded? */
fallible registry_compare(struct engine *e, bool *changed);

/* engine.c: loads the registry unless it is loaded. */
fallible engine_load(struct engine *e);
/* retry.c: retries the streams that were parked because an older program could not read them. */
fallible retry_unread(struct engine *e);

/* lane.c: applies events that follow the lane's position, in order, up to `to`, in one transaction,
 * and moves the lane there. `trusted`: they come from the store, so one that fails may be parked;
 * else UNREADABLE_EVENT is returned for the caller to fetch them there. After any problem the
 * engine must load anew. */
fallible lane_apply(struct engine *e, int lane, const struct batch_event *events, int count,
                    int64_t to, bool trusted);
/* The same for one view, in the caller's transaction. It need not be registered unless one parks.
 */
fallible view_apply(struct projected *v, struct pg *db, const struct batch_event *events, int count,
                    bool trusted);
/* Within the transaction of a change that is not lane_apply's: answers read before end. */
fallible view_changed(struct pg *db, const char *view);
/* Compares a lane with what the caller believes and moves it. VERSION_CONFLICT: load anew. */
fallible lane_fence(struct pg *db, const struct lane *lane, int64_t to, int64_t revision);
