#include "base/glob.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int glob_match(const char *pattern, const char *name)
{
    return fnmatch(pattern, name, 0) == 0;
}

int glob_match_list(const char *patterns, const char *name)
{
    char *copy = mem_strdup(patterns), *rest = copy, *p;
    int hit = 0;

    while (!hit && (p = strsep(&rest, ",")))
        hit = *p && glob_match(p, name);
    free(copy);
    return hit;
}
