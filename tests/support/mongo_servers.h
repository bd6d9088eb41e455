/* mongo_servers.h -- for a test program: a stand-in of a MongoDB server with faults on demand, and
 * a real server. The real one takes TLS alone, as `make run` has it. Both are started on first use,
 * on ports of their own, and end with the program. */
#pragma once

#include <stdbool.h>

const char *stand_in_uri(void);
/* A line for tests/support/mongo_stand_in.py, which lists them; returns its answer, until the next.
 */
const char *stand_in(const char *format, ...) __attribute__((format(printf, 1, 2)));
long stand_in_number(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* mongod if it is on PATH, else what tools/mongodb/build has built; false, said once, if there is
 * neither. */
bool has_real_mongo(void);
const char *real_mongo_uri(void);
void real_mongo_stop(void); /* SIGKILL */
void real_mongo_start(void);
