/* intake.h -- commands on their way to the writer: a queue, behind it those that wait for an
 * earlier command, and the next batch out of both. Where no thread is named: the writer's. */
#pragma once

#include "writer/batch_commit.h"

struct intake;
struct intake *intake_new(int queue_max);
void intake_free(struct intake *in); /* must be empty; NULL is allowed */

/* Any thread; `deadline` is set. Names the streams of `p`. QUEUE_FULL, SHUTTING_DOWN: it was not
 * taken. */
fallible intake_put(struct intake *in, struct pending *p);
void intake_close(struct intake *in); /* any thread: refuses what comes */

/* Fills the batch with up to BATCH_MAX commands of which no two share a key, or a stream that one
 * of them writes, as far as their rows tell. False once it is closed and nothing is left. Sleeps
 * while there is nothing to do; *idle: there was nothing. Everybody who is too late is told now:
 * the batch may take as long as one call to the store, and nobody waits longer than that beyond
 * their time. */
bool intake_gather(struct intake *in, struct batch *b, bool *idle);

/* `p`, gathered, waits after all, for an earlier command that touches `stream`. As batch_commit
 * takes it. */
void intake_defer(void *intake, const char *stream, struct pending *p);
int intake_count(struct intake *in); /* in the queue and in line */
