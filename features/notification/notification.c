/* notification.c -- what a person has read, in a stream of their own, inbox-<user>; of lines about
 * an anonymous report its author writes on inbox-<pseudonym>, and what they read all at once names
 * no report.
 *
 * The id of a line is <report>-<version> of the event it tells of, or e<position> of the newest of
 * several. */
#include "features/report/report.h"

#include "base/time.h"
#include "base/banned.h"

/* The newest of those read one by one: one that is older and read again is told again, which
 * changes nothing. */
enum { READ_KEPT = 64 };

struct inbox {
    int64_t up_to; /* all lines up to that position are read; 0: not known */
    const char *read[READ_KEPT];
    int next;
};

static void inbox_evolve(void *state, const struct event *e, struct arena *a)
{
    struct inbox *own = state;
    switch ((enum notification_event)e->type) {
    case NotificationRead:
        own->read[own->next] = arena_text(a, e->NotificationRead.notification_id);
        own->next = (own->next + 1) % READ_KEPT;
        break;
    case NotificationReadAll:
        if (e->NotificationReadAll.up_to > own->up_to)
            own->up_to = e->NotificationReadAll.up_to;
        break;
    }
}

static bool has_read(const struct inbox *own, const char *id)
{
    for (int i = 0; i < READ_KEPT && own->read[i]; i++)
        if (text_equal(own->read[i], id))
            return true;
    return false;
}

/* Is it "<digits>", as the log numbers what it holds? */
static bool is_number(const char *text, int64_t *n)
{
    return text[0] != '0' && text_to_int(text, n) && *n > 0;
}

static bool report_of_line(const char *id, char report[UUID_TEXT], int64_t *version)
{
    enum { DASH = UUID_TEXT - 1 };
    char start[UUID_TEXT];
    if (strlen(id) <= DASH + 1 || id[DASH] != '-' || !is_number(id + DASH + 1, version))
        return false;
    memcpy(start, id, DASH);
    start[DASH] = '\0';
    return uuid_read(start, report) && text_equal(start, report);
}

/* Whose inbox says that the line is read. NO_SUCH_NOTIFICATION: none that the actor could have. How
 * far the log goes is not known here: the view takes an e<position> only from what was read after
 * it. */
static fallible find_reader(const struct command *c, struct decision *out)
{
    char report[UUID_TEXT], stream[STREAM_TEXT];
    int64_t number, version;
    const void *state;
    if (c->target[0] == 'e' && is_number(c->target + 1, &number))
        return c->actor.role & (OFFICER | SUPERVISOR | ADMIN) ? NULL : NO_SUCH_NOTIFICATION;
    if (!report_of_line(c->target, report, &number))
        return NO_SUCH_NOTIFICATION;
    stream_of_report(report, stream);
    TRY(read_state(out, stream, &state));
    TRY(read_stream_version(out, stream, &version));
    out->anonymous = is_anonymous_author(state, &c->actor);
    return may_see(state, &c->actor) && number <= version ? NULL : NO_SUCH_NOTIFICATION;
}

static fallible read_one(const struct inbox *own, const struct command *c, struct decision *out)
{
    char stream[STREAM_TEXT];
    const void *state = own;
    TRY(find_reader(c, out));
    stream_name("inbox", out->anonymous ? c->actor.pseudonym : c->actor.user_id, stream);
    if (out->anonymous)
        TRY(read_state(out, stream, &state));
    out->about = arena_text(out->arena, stream);
    answer(out, "id", c->target);
    if (!has_read(state, c->target))
        emit(out, stream, "user",
             EVENT(NotificationRead, .reader_user_id = out->anonymous ? NULL : c->actor.user_id,
                   .reader_pseudonym = out->anonymous ? c->actor.pseudonym : NULL,
                   .notification_id = c->target, .read_at = c->now));
    return NULL;
}

static void read_all(const struct inbox *own, const struct command *c, struct decision *out)
{
    char stream[STREAM_TEXT];
    int64_t up_to = c->ReadAllNotifications.up_to;
    command_stream(c, stream);
    if (!up_to || up_to > own->up_to) /* else the wish is already true */
        emit(out, stream, "user",
             EVENT(NotificationReadAll, .reader_user_id = c->actor.user_id, .up_to = up_to,
                   .read_at = c->now));
}

static fallible inbox_decide(const void *state, const struct command *c, struct decision *out)
{
    switch ((enum notification_command)c->type) {
    case ReadNotification: return read_one(state, c, out);
    case ReadAllNotifications: read_all(state, c, out); return NULL;
    }
    return INTERNAL;
}

DECIDER(inbox);
