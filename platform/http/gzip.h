/* gzip.h -- zlib: a whole body at once. CPU work: not for a loop. */
#pragma once

#include <stddef.h>

/* The body in gzip form, freed by the caller with free(); NULL if it would not be shorter. */
char *gzip_compress(const void *body, size_t length, size_t *gzipped_length);
