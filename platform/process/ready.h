/* ready.h -- for service.c alone: what ready.c has to know. */
#pragma once

/* Before any thread; both are borrowed for good. `outdated`: a file that names outdated parts, ""
 * for none. */
void ready_begin(const char *service, const char *outdated);
