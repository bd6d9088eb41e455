/* note_actor.h -- who asks, into the notes of a request (struct http_notes), for both services. */
#pragma once

#include "platform/http/http.h"
#include "platform/identity/token.h"

/* Also of somebody who may not; `who` is NULL if nobody is known. `roles` is the mask of who may:
 * what is for administrators alone is of kind `admin`. */
void note_actor(struct http_request *r, int roles, const struct claims *who);
