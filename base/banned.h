/* banned.h -- functions that overflow, hide state between threads or ignore errors.
 * Included last by the headers every file uses; a use of one does not compile. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gmtime localtime atoi atol
