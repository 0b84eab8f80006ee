/* glob: names against shell patterns. `*` crosses dots and slashes, so `*mlp*` means what it says. */
#ifndef WEIR_BASE_GLOB_H
#define WEIR_BASE_GLOB_H

/* 1 when the whole of name matches pattern (fnmatch(3), no flags), else 0. */
int glob_match(const char *pattern, const char *name);

/* 1 when name matches one of the comma-separated patterns. */
int glob_match_list(const char *patterns, const char *name);

#endif
