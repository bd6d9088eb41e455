/* own_rules.c -- see own_rules.h. */
#include "tests/writer/own_rules.h"

#include <unistd.h>

rule *rule_now;
reads_rule *declares_now;
const char *undecided_now;

static void count_event(void *state, const struct event *e, struct arena *a)
{
    struct own_state *own = state;
    (void)e;
    (void)a;
    own->events++;
}

static fallible decide_by_rule(const void *state, const struct command *c, struct decision *out)
{
    (void)state;
    return rule_now(c, out);
}

static const struct decider own_decider[1] = {
    {"report", sizeof(struct own_state), count_event, decide_by_rule, NULL, NULL}};

const struct decider *__real_stream_decider(const char *stream);
const struct decider *__wrap_stream_decider(const char *stream);
const struct decider *__wrap_stream_decider(const char *stream)
{
    if (undecided_now && text_starts(stream, undecided_now))
        return NULL;
    return rule_now && text_starts(stream, "report-") ? own_decider : __real_stream_decider(stream);
}

reads_rule __real_command_declared_reads, __wrap_command_declared_reads;
int __wrap_command_declared_reads(const struct command *c,
                                  char out[DECLARED_READS_MAX][STREAM_TEXT])
{
    return declares_now ? declares_now(c, out) : __real_command_declared_reads(c, out);
}

void begin_with(rule *r)
{
    start_writer();
    define_category();
    rule_now = r;
}

void end_rules(void)
{
    rule_now = NULL;
    declares_now = NULL;
    undecided_now = NULL;
    stop_writer();
}

void emit_to(const struct command *c, const char *stream, struct decision *out)
{
    emit(out, stream, "report",
         EVENT(ReportStatusUpdated, .report_id = c->target, .old_status = "RECEIVED",
               .new_status = "IN_PROGRESS", .owner_agency = "AGENCY_INFRA", .category = "roads",
               .visibility = "PUBLIC", .changed_at = c->now));
}

fallible writes_own(const struct command *c, struct decision *out)
{
    char stream[STREAM_TEXT];
    command_stream(c, stream);
    emit_to(c, stream, out);
    return NULL;
}

struct command on(const char *id, const char *note)
{
    struct command c = move(id, "IN_PROGRESS");
    c.UpdateReportStatus.note = note;
    return c;
}

int64_t count_of_moves(void)
{
    return count("SELECT count(*) FROM es_event WHERE type = 'report.status.updated'");
}

struct pg *hold_first(void)
{
    static char first[UUID_TEXT];
    struct pg *pg = pg_new(settings.database_url, "holder", NULL, 20000);
    CHECK_OK(pg_run(pg, "BEGIN; UPDATE es_counter SET position = position"));
    new_id(first);
    put(command(&officer, on(first, NULL), NULL));
    usleep(300000);
    return pg;
}
