/* sentences.c -- the harness of the decider tests: folds histories by stream, decides, compares as
 * JSON. */
#include "tests/support/sentences.h"

const struct actor citizen1 = {C1, "pseudonym-of-c1", "", CITIZEN};
const struct actor citizen2 = {C2, "pseudonym-of-c2", "", CITIZEN};
const struct actor officer_infra = {"019b7f00-0000-7000-8000-0000000000f1", "pf1", "AGENCY_INFRA",
                                    OFFICER};
const struct actor officer_health = {"019b7f00-0000-7000-8000-0000000000f2", "pf2", "AGENCY_HEALTH",
                                     OFFICER};
const struct actor supervisor_infra = {"019b7f00-0000-7000-8000-0000000000e1", "pe1",
                                       "AGENCY_INFRA", SUPERVISOR};
const struct actor admin = {"019b7f00-0000-7000-8000-0000000000a1", "pa1", "", ADMIN};
const struct actor dispatcher = {"019b7f00-0000-7000-8000-0000000000b1", "pb1", "", DISPATCHER};
const struct actor dispatcher_safety = {"019b7f00-0000-7000-8000-0000000000b2", "pb2",
                                        "AGENCY_SAFETY", DISPATCHER};
const struct actor patrol1 = {PATROLLER1, "pp1", "", PATROL};
const struct actor patrol2 = {PATROLLER2, "pp2", "", PATROL};
const struct actor system_actor = {NULL, NULL, "", SYSTEM};

enum { MAX_STREAMS = 40 };

static struct arena arena;
static struct {
    char name[STREAM_TEXT];
    void *state;
    int64_t version;
} streams[MAX_STREAMS];
static int stream_count;
static struct event pending[16]; /* of the command's own stream, folded when it is known */
static int pending_count;
static struct decision decision;
static const struct problem *outcome;
static const void *decided_on;
static int asked;

void given_nothing(void)
{
    decision_release(&decision);
    arena_release(&arena);
    stream_count = pending_count = 0;
    decision = (struct decision){.arena = &arena};
}

static int find(const char *name)
{
    int i = 0;
    while (i < stream_count && strcmp(streams[i].name, name) != 0)
        i++;
    if (i == stream_count) {
        snprintf(streams[i].name, STREAM_TEXT, "%s", name);
        streams[i].state = arena_alloc(&arena, stream_decider(name)->state_size);
        streams[i].version = 0;
        stream_count++;
    }
    return i;
}

void given(struct event e)
{
    pending[pending_count++] = e;
}

void given_in(const char *stream, struct event e)
{
    int i = find(stream);
    stream_decider(stream)->evolve(streams[i].state, &e, &arena);
    streams[i].version++;
}

void given_agency(const char *code, bool active)
{
    struct event e = agency_defined(code, NULL);
    char stream[STREAM_TEXT];
    e.AgencyDefined.active = active;
    stream_name("agency", code, stream);
    given_in(stream, e);
}

/* Every rule's test is a test of this, too. */
static void check_emitted(void)
{
    const char *type;
    struct fault f = {0};
    if (!outcome && decision_write(&decision, &type, &f))
        test_fail(__FILE__, __LINE__, "an emitted event could not be read again", f.field, type);
}

static void add_read(const char *stream)
{
    int i = find(stream);
    for (int k = 0; k < decision.read_count; k++)
        if (text_equal(decision.reads[k].stream, streams[i].name))
            return;
    decision.reads[decision.read_count++] =
        (struct state_read){streams[i].name, streams[i].state, streams[i].version};
}

static void add_declared_reads(const struct command *c)
{
    char declared[DECLARED_READS_MAX][STREAM_TEXT];
    int count = command_declared_reads(c, declared);
    for (int i = 0; i < count; i++)
        add_read(declared[i]);
}

void when(const struct actor *a, struct command c)
{
    char own[STREAM_TEXT];
    c.actor = *a;
    c.now = c.now ? c.now : NOON;
    command_complete(&c, &arena);
    command_stream(&c, own);
    for (int i = 0; i < pending_count; i++)
        given_in(own, pending[i]);
    int at = find(own);
    decision.version = streams[at].version;
    decided_on = streams[at].state;
    add_declared_reads(&c);
    for (asked = 0;; asked++) {
        outcome = stream_decider(own)->decide(streams[at].state, &c, &decision);
        if (outcome != NEEDS_STREAM)
            break;
        add_read(decision.needs);
    }
    check_emitted();
}

const struct decision *decided(void)
{
    return &decision;
}

const void *decided_state(void)
{
    return decided_on;
}

int asked_for(void)
{
    return asked;
}

const struct problem *decided_outcome(void)
{
    return outcome;
}

static const char *as_text(const char *stream, const char *category, const struct event *e)
{
    scoped_text json = {0};
    if (event_write(e, &arena, &json, NULL))
        return "an event that could not be read again";
    return arena_printf(&arena, "%s (%s) %s %s", stream, category, event_name(e->type),
                        text_value(&json));
}

void then_count_(const char *file, int line, int events)
{
    test_problem(file, line, "the decision", outcome, NULL);
    test_int(file, line, "events", decision.emitted_count, events);
}

void then_at_(const char *file, int line, int i, const char *stream, const char *category,
              struct event e)
{
    if (i >= decision.emitted_count)
        return; /* then_count tells */
    const struct emitted *is = &decision.emitted[i];
    test_text(file, line, "the event", as_text(is->stream, is->category, &is->event),
              as_text(stream, category, &e));
}

void then_(const char *file, int line, const char *stream, const char *category, struct event e)
{
    then_count_(file, line, 1);
    then_at_(file, line, 0, stream, category, e);
}

void then_nothing_(const char *file, int line)
{
    test_problem(file, line, "the decision", outcome, NULL);
    test_int(file, line, "events", decision.emitted_count, 0);
}

void then_refused_(const char *file, int line, const struct problem *p)
{
    test_problem(file, line, "the decision", outcome, p);
    test_int(file, line, "events", decision.emitted_count, 0);
}

struct event created(const char *visibility)
{
    bool anonymous = strcmp(visibility, "ANONYMOUS") == 0;
    return EVENT(ReportCreated, .report_id = R1, .reporter_user_id = anonymous ? NULL : C1,
                 .reporter_pseudonym = anonymous ? citizen1.pseudonym : NULL,
                 .visibility = visibility, .content = "a hole", .category = "infrastruktur",
                 .owner_agency = "AGENCY_INFRA", .status = "RECEIVED", .created_at = NOON,
                 .kind = "issue");
}

struct event moved(const char *from, const char *to)
{
    return EVENT(ReportStatusUpdated, .report_id = R1, .old_status = from, .new_status = to,
                 .owner_agency = "AGENCY_INFRA", .category = "infrastruktur",
                 .visibility = "PUBLIC", .changed_at = NOON);
}

struct event agency_defined(const char *code, const char *parent)
{
    static struct texts_pair pair[] = {{"en", "Works"}};
    static const struct texts names = {1, pair};
    return EVENT(AgencyDefined, .code = arena_text(&arena, code), .names = &names,
                 .parent = arena_text(&arena, parent), .active = true, .defined_at = NOON);
}

struct event category_defined(const char *code, const char *agency)
{
    static struct texts_pair pair[] = {{"en", "Roads"}};
    static const struct texts names = {1, pair};
    return EVENT(CategoryDefined, .code = code, .names = &names, .agency = agency, .kind = "issue",
                 .active = true, .defined_at = NOON);
}
