/* patrol_history.c -- random patrols and dispatches: registered, crewed, sent, moved from any
 * status to any other, since a view folds what was recorded and judges nothing. */
#include "tests/support/history.h"

enum { SENDINGS = 12 };

struct units {
    bool registered[HISTORY_SUBJECTS], lost[HISTORY_SUBJECTS];
    const char *status[HISTORY_SUBJECTS];
    int crew[HISTORY_PEOPLE]; /* 1 + the patrol; 0: in none */
    const char *sent[SENDINGS];
    int sent_to[SENDINGS], patrol[SENDINGS];
    bool replaced[SENDINGS];
    int sendings;
};

static const struct Skill skill_rows[] = {{"k9"}, {"medic"}};
static const struct shape_list skills = {2, skill_rows}, no_skills = {0, skill_rows};
static const struct Recommended near = {420, 3, 62};

static const char *patrol_id(struct history *h, int i)
{
    return arena_printf(&h->arena, "019b7f00-0000-7000-8000-0000000b000%d", i);
}

static const char *dispatch_id(struct history *h, int i)
{
    return arena_printf(&h->arena, "019b7f00-0000-7000-8000-0000000d00%02d", i);
}

static void define_rules(struct history *h)
{
    history_add(h, "patrol", DEFAULT_NAME,
                EVENT(PatrolRulesDefined,
                      .transitions = transition_mode_words[history_pick(h, TRANSITION_MODE_COUNT)],
                      .offer_seconds = 1 + history_pick(h, 200), .defined_at = history_moment(h)));
}

static void enlist(struct history *h, struct units *u, int i)
{
    history_add(h, "patrol", patrol_id(h, i),
                EVENT(PatrolRegistered, .patrol_id = patrol_id(h, i),
                      .call_sign = arena_printf(&h->arena, "Unit %d", history_pick(h, 9)),
                      .agency = "AGENCY_SAFETY",
                      .skills = history_pick(h, 2) ? &skills : &no_skills,
                      .registered_at = history_moment(h)));
    if (!u->registered[i])
        u->status[i] = patrol_state_words[PATROL_OFF_DUTY];
    u->registered[i] = true;
}

/* On both streams. */
static void change_crew(struct history *h, struct units *u, int i)
{
    int p = history_pick(h, HISTORY_PEOPLE), in = u->crew[p];
    const char *user = history_person(h, p), *unit = patrol_id(h, in ? in - 1 : i);
    int64_t at = history_moment(h);
    const struct event e = in ? EVENT(PatrolCrewLeft, .patrol_id = unit, .agency = "AGENCY_SAFETY",
                                      .user_id = user, .left_at = at)
                              : EVENT(PatrolCrewJoined, .patrol_id = unit,
                                      .agency = "AGENCY_SAFETY", .user_id = user, .joined_at = at);
    if (h->count > HISTORY_MAX - 2)
        return;
    history_add(h, "patrol", unit, e);
    history_add(h, "crew", user, e);
    u->crew[p] = in ? 0 : i + 1;
}

static void move_patrol(struct history *h, struct units *u, int i, const char *dispatch,
                        const char *dispatch_status)
{
    const char *to = patrol_state_words[history_pick(h, PATROL_STATE_COUNT)];
    history_add(h, "patrol", patrol_id(h, i),
                EVENT(PatrolStatusUpdated, .patrol_id = patrol_id(h, i), .agency = "AGENCY_SAFETY",
                      .old_status = u->status[i], .new_status = to, .dispatch_id = dispatch,
                      .dispatch_status = dispatch_status, .exclusive = dispatch != NULL,
                      .changed_at = history_moment(h)));
    u->status[i] = to;
}

static void lose_or_find(struct history *h, struct units *u, int i)
{
    int64_t at = history_moment(h);
    const char *id = patrol_id(h, i);
    if (u->lost[i])
        history_add(
            h, "patrol", id,
            EVENT(PatrolPositionFound, .patrol_id = id, .agency = "AGENCY_SAFETY", .found_at = at));
    else
        history_add(h, "patrol", id,
                    EVENT(PatrolPositionLost, .patrol_id = id, .agency = "AGENCY_SAFETY",
                          .last_fix_at = at - 1, .lost_at = at));
    u->lost[i] = !u->lost[i];
}

static void send(struct history *h, struct units *u, int i)
{
    int n = u->sendings, report = history_pick(h, HISTORY_SUBJECTS), later = history_pick(h, 2);
    if (n == SENDINGS || h->count > HISTORY_MAX - 3)
        return;
    const char *id = dispatch_id(h, n);
    const char *status = dispatch_status_words[later ? DISPATCH_RESERVED : DISPATCH_OFFERED];
    int64_t at = history_moment(h);
    history_add(h, "dispatch", id,
                EVENT(DispatchCreated, .dispatch_id = id, .report_id = history_subject(h, report),
                      .patrol_id = patrol_id(h, i), .agency = "AGENCY_SAFETY", .status = status,
                      .exclusive = history_pick(h, 2), .due_at = later ? at + 60000000 : 0,
                      .answer_by = later ? 0 : at + 90000000, .attempt = 1 + history_pick(h, 3),
                      .replaces = n && history_pick(h, 2) ? dispatch_id(h, n - 1) : NULL,
                      .recommended = history_pick(h, 2) ? &near : NULL,
                      .skills = history_pick(h, 2) ? &skills : NULL, .created_at = at));
    u->sent[n] = status;
    u->patrol[n] = i;
    u->sent_to[n] = report;
    u->sendings++;
}

static void move_sending(struct history *h, struct units *u)
{
    int n = u->sendings ? history_pick(h, u->sendings) : 0;
    const char *id = dispatch_id(h, n);
    const char *to = dispatch_status_words[1 + history_pick(h, DISPATCH_STATUS_COUNT - 1)];
    if (!u->sendings || h->count > HISTORY_MAX - 3)
        return;
    history_add(h, "dispatch", id,
                EVENT(DispatchStatusUpdated, .dispatch_id = id,
                      .report_id = history_subject(h, u->sent_to[n]),
                      .patrol_id = patrol_id(h, u->patrol[n]), .agency = "AGENCY_SAFETY",
                      .old_status = u->sent[n], .new_status = to,
                      .by = dispatch_side_words[history_pick(h, DISPATCH_SIDE_COUNT)],
                      .reason = history_pick(h, 2) ? "why" : NULL,
                      .answer_by = history_pick(h, 2) ? history_moment(h) : 0,
                      .changed_at = history_moment(h)));
    u->sent[n] = to;
    move_patrol(h, u, u->patrol[n], id, to);
}

static void replace_sending(struct history *h, struct units *u)
{
    int n = u->sendings ? history_pick(h, u->sendings) : 0;
    const char *id = dispatch_id(h, n), *report = history_subject(h, u->sent_to[n]);
    if (!u->sendings || u->replaced[n])
        return;
    u->replaced[n] = true;
    if (n % 2)
        history_add(h, "dispatch", id,
                    EVENT(DispatchReplaced, .dispatch_id = id, .report_id = report,
                          .replaced_by = dispatch_id(h, n + 1), .replaced_at = history_moment(h)));
    else
        history_add(h, "dispatch", id,
                    EVENT(DispatchUnfilled, .dispatch_id = id, .report_id = report, .attempts = 4,
                          .unfilled_at = history_moment(h)));
}

static void step(struct history *h, void *state)
{
    struct units *u = state;
    int i = history_pick(h, HISTORY_SUBJECTS);
    if (!u->registered[i]) {
        enlist(h, u, i);
        return;
    }
    switch (history_pick(h, 13)) {
    case 0: define_rules(h); break;
    case 1: enlist(h, u, i); break;
    case 2:
    case 7:
    case 8: change_crew(h, u, i); break;
    case 3: move_patrol(h, u, i, NULL, NULL); break;
    case 4: lose_or_find(h, u, i); break;
    case 5:
    case 9: replace_sending(h, u); break;
    case 6:
    case 10: send(h, u, i); break;
    default: move_sending(h, u); break;
    }
}

const struct history_generator patrol_history[1] = {
    {.weight = 8, .state_size = sizeof(struct units), .step = step}};
