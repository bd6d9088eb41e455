/* gzip.c -- deflate with a gzip frame. */
#include "platform/http/gzip.h"

#include <limits.h>

#include <zlib.h>

#include "base/arena.h"
#include "base/banned.h"

enum { GZIP_FRAME = 15 + 16, LEVEL = 6, MEMORY = 8 };

char *gzip_compress(const void *body, size_t length, size_t *gzipped_length)
{
    z_stream z = {0};
    if (length > UINT_MAX ||
        deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP_FRAME, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    char *gzipped = must_alloc(1, length + 1);
    z.next_in = (z_const Bytef *)body;
    z.avail_in = (uInt)length;
    z.next_out = (Bytef *)gzipped;
    z.avail_out = (uInt)length; /* no room: it would not be shorter */
    int result = deflate(&z, Z_FINISH);
    *gzipped_length = z.total_out;
    deflateEnd(&z);
    if (result == Z_STREAM_END)
        return gzipped;
    free(gzipped);
    return NULL;
}
