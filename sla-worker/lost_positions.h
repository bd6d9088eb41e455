/* lost_positions.h -- the thread that tells the log which patrols' positions are lost and which
 * have come again. It compares the last fixes (positions.unit_position) with what the view
 * patrol_list says: a patrol on duty whose last fix, and last change of status, are older than
 * POSITION_LOST_SECONDS is LosePosition, a lost one with a newer fix FindPosition. It keeps nothing
 * itself: what the view does not show yet is asked again under the same key, and the decider does
 * nothing twice, so a second worker does no harm. */
#pragma once

#include "platform/process/settings.h"
#include "writer/writer.h"

struct lost_positions;

/* Starts its thread. The writer must live until lost_positions_stop. Reports readiness:
 * "positions", which is optional. */
struct lost_positions *lost_positions_new(const struct settings *settings, struct writer *writer);
/* NULL is allowed. Ends once what it has given to the writer is settled. */
void lost_positions_stop(struct lost_positions *l);
void lost_positions_free(struct lost_positions *l); /* after lost_positions_stop; NULL is allowed */
