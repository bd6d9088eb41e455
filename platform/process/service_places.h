/* service_places.h -- SERVICE_ADDRESSES, such as "projector=10.0.0.5 sla-worker=::1": where
 * services are. Pure. */
#pragma once

#include <stdbool.h>

enum { PLACE_TEXT = 46 }; /* the longest numeric address, and its end */

/* Every word names a service that there is, once, and gives it a numeric address. */
bool service_places_valid(const char *places);

/* What is given to the service; false, and `out` as it was, if it is not named. */
bool service_place(const char *places, const char *service, char out[PLACE_TEXT]);
