/* folder: paths of which some are folders, as the files that they stand for. */
#ifndef WEIR_RECORD_FOLDER_H
#define WEIR_RECORD_FOLDER_H

#include "record/load.h"

/*
 * A folder stands for the files in it and below it, in the order of their paths' bytes. Hidden ones (.name) are left
 * out; and where lines of JSON are read (LOAD_AUTO, LOAD_JSONL, LOAD_WET), what does not end in .jsonl, .ndjson, .json,
 * .wet or .warc, perhaps with .gz, .zst or .zstd. *list: *n paths, each to be freed, and the list. -1: a folder that
 * cannot be read, or has no such file.
 */
int folder_expand(char **path, int paths, enum load_format f, char ***list, int *n, struct err *e);

#endif
