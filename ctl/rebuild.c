/* rebuild.c -- citywatchctl rebuild: fills a new version of a view in this process, with
 * connections of its own, and lets it serve. Needs what the projector needs, and its rights. */
#include "ctl/ctl.h"

#include "base/time.h"
#include "ctl/options.h"
#include "view_engine/engine.h"
#include "view_engine/rebuild.h"
#include "base/banned.h"

extern const struct embedded view_files[];

enum { SLOWEST_MS = 600000, TELL_AFTER_US = 1000000 };
enum action { REBUILD, SWAP_BACK, DROP };

struct rebuild_job {
    const char *view;
    enum action action;
    bool yes, json, changed; /* changed: all views of files that are others by now */
    struct rebuild_parts parts;
};

static int read_arguments(int argc, char **argv, struct rebuild_job *job)
{
    bool swap_back = false, drop = false;
    const struct option options[] = {{"--swap-back", NULL, &swap_back},  {"--drop", NULL, &drop},
                                     {"--changed", NULL, &job->changed}, {"--yes", NULL, &job->yes},
                                     {"--json", NULL, &job->json},       {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, &job->view, 1))
        return usage();
    job->action = swap_back ? SWAP_BACK : drop ? DROP : REBUILD;
    if (swap_back && drop)
        return wrong_usage("--swap-back and --drop exclude each other.");
    if (job->json && job->action != REBUILD)
        return wrong_usage("--json is for a rebuild alone.");
    if (job->changed)
        return job->view || job->action != REBUILD
                   ? wrong_usage("--changed goes with no view, --swap-back or --drop.")
                   : DONE;
    if (!job->view)
        return wrong_usage("the name of a view is missing.");
    return is_view(job->view) ? DONE : wrong_usage("there is no view \"%s\".", job->view);
}

/* ---- saying what it will do, and asking ---- */

static void describe_rebuild(const char *view, const struct versions *v, struct text *out)
{
    if (v->filled)
        text_printf(out,
                    "%s_v%d, which a rebuild that came to no end has filled up to event %lld, will "
                    "be filled from there on",
                    view, v->other, (long long)v->filled);
    else
        text_printf(out, "%s_v%d will be filled from the beginning of the log%s", view,
                    v->serving + 1, v->changed ? ", by the changed file," : "");
    text_printf(out, " and then serve as %s; the present one is kept as %s_v%d.", view, view,
                v->serving);
}

static void describe(const struct rebuild_job *job, const struct versions *v, struct text *out)
{
    const char *view = job->view;
    if (v->other && (job->action == DROP || (job->action == REBUILD && !v->filled)))
        text_printf(out, "%s_v%d, %s, will be dropped.%s", view, v->other,
                    v->other_is_whole ? "which can serve again by --swap-back"
                                      : "which is not whole",
                    job->action == REBUILD ? "\n" : "");
    else if (job->action == DROP)
        text_printf(out, "No other version of %s is kept.", view);
    if (job->action == SWAP_BACK)
        text_printf(out, "%s_v%d will serve as %s, and the present one be kept as %s_v%d.", view,
                    v->other, view, view, v->serving);
    if (job->action == REBUILD)
        describe_rebuild(view, v, out);
}

static bool is_agreed(const struct rebuild_job *job, const struct versions *v)
{
    scoped_text what = {0};
    describe(job, v, &what);
    return confirmed(job->yes, "%s", text_value(&what));
}

/* ---- filling ---- */

/* A line for people, or one JSON object for programs; the last one says "done". */
static void tell(const struct rebuild_job *job, const struct rebuild *r, int64_t began, bool done)
{
    double seconds = (double)(time_monotonic() - began) / 1e6;
    int64_t at = rebuild_position(r), goal = rebuild_goal(r);
    double rate = seconds > 0 ? (double)(at - rebuild_began(r)) / seconds : 0;
    if (job->json)
        printf("{\"view\":\"%s\",\"began\":%lld,\"events\":%lld,\"of\":%lld,\"seconds\":%.3f,"
               "\"events_per_second\":%.0f,\"done\":%s}\n",
               job->view, (long long)rebuild_began(r), (long long)at, (long long)goal, seconds,
               rate, done ? "true" : "false");
    else
        printf("%lld of %lld events, %.0f events/s, %.0f s left\n", (long long)at, (long long)goal,
               rate, rate > 0 ? (double)(goal - at) / rate : 0);
    fflush(stdout);
}

static fallible fill(const struct rebuild_job *job, struct rebuild *r)
{
    int64_t began = time_monotonic(), told = began;
    bool done = false;
    while (!done) {
        TRY(rebuild_step(r, &done));
        if (!done && time_monotonic() - told < TELL_AFTER_US)
            continue;
        tell(job, r, began, done);
        told = time_monotonic();
    }
    return NULL;
}

/* What ended for want of a server can go on; what another one has taken over is not ours. */
static void leave(const struct rebuild_job *job, const struct problem *p)
{
    if (p->kind == UNAVAILABLE)
        failed("What was filled is kept: rebuild %s goes on with it, --drop ends it.", job->view);
    else if (p != VERSION_CONFLICT && rebuild_drop(&job->parts, job->view))
        failed("What was filled is still there: rebuild %s --drop.", job->view);
}

static int rebuild(const struct rebuild_job *job)
{
    struct rebuild *r = NULL;
    const struct problem *p = rebuild_begin(&job->parts, job->view, &r);
    if (!p)
        p = fill(job, r);
    if (p)
        failed("%s goes on as it was; the rebuild failed: %s %s", job->view, p->title,
               rebuild_why(r));
    else if (!job->json)
        printf("%s has been rebuilt and serves. --swap-back takes it back, --drop ends the old "
               "one.\n",
               job->view);
    rebuild_free(r);
    if (p)
        leave(job, p);
    return p ? FAILED : DONE;
}

/* ---- the verb ---- */

static int finish(const struct rebuild_job *job, const struct problem *p, const char *done)
{
    if (p)
        return failed("%s Nothing was changed. %s", p->title, pg_message(job->parts.views));
    printf("%s: %s.\n", job->view, done);
    return DONE;
}

static int run(const struct rebuild_job *job)
{
    struct versions v;
    const struct problem *p = versions_read(&job->parts, job->view, &v);
    if (p)
        return failed("%s %s", p->title, pg_message(job->parts.views));
    if (!v.serving)
        return failed("%s does not serve yet: the projector makes it.", job->view);
    if (job->action == SWAP_BACK && !v.other_is_whole)
        return failed("no version of %s is kept that could serve.", job->view);
    if (!is_agreed(job, &v))
        return FAILED;
    switch (job->action) {
    case SWAP_BACK: return finish(job, rebuild_swap_back(&job->parts, job->view), "swapped back");
    case DROP: return finish(job, rebuild_drop(&job->parts, job->view), "nothing else is kept");
    case REBUILD: break;
    }
    return rebuild(job);
}

/* Those that the projector has yet to make are its own. */
static int run_changed(struct rebuild_job *job)
{
    int code = DONE, count = 0;
    char name[64]; /* view_parse takes no longer one */
    for (const struct embedded *f = view_files; !code && f->name; f++) {
        struct versions v;
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(f->name, "."), f->name);
        job->view = name;
        const struct problem *p = versions_read(&job->parts, name, &v);
        if (p)
            return failed("%s %s", p->title, pg_message(job->parts.views));
        if (!v.serving || !v.changed)
            continue;
        count++;
        code = is_agreed(job, &v) ? rebuild(job) : FAILED;
    }
    if (!count && !job->json)
        printf("Every view is as its file makes it.\n");
    return code;
}

int verb_rebuild(int argc, char **argv)
{
    struct rebuild_job job = {.action = REBUILD};
    const char *views = getenv("READ_DATABASE_URL");
    int code = read_arguments(argc, argv, &job);
    if (code)
        return code;
    if (!views || !*views)
        return failed("READ_DATABASE_URL is not set: it names the database of the views.");
    struct pg *log = database_of_environment(SLOWEST_MS);
    if (!log)
        return FAILED;
    struct store *store = store_new(log);
    job.parts = (struct rebuild_parts){
        .files = view_files,
        .language = &event_language,
        .folds = view_folds,
        .store = store,
        .views = pg_new(views, "citywatchctl rebuild", views_session, SLOWEST_MS)};
    code = job.changed ? run_changed(&job) : run(&job);
    pg_free(job.parts.views);
    store_free(store);
    pg_free(log);
    return code;
}
