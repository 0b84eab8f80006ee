/* json_seen: the names that the objects of a JSON text have had, to find one that comes twice. For json.c only. */
#ifndef WEIR_RECORD_JSON_SEEN_H
#define WEIR_RECORD_JSON_SEEN_H

#include <stddef.h>

struct seen {
    const void *object; /* NULL: free */
    const char *key;    /* not owned */
    size_t n;
};

/* Open addressing, at most half full. {0} is empty. */
struct seen_set {
    struct seen *item;
    size_t n, cap;
};

/* The slot of (object, key): the one that holds it, or a free one that the caller fills, all of it, before the next
 * call. */
struct seen *seen_slot(struct seen_set *set, const void *object, const char *key, size_t n);
void seen_forget(struct seen_set *set); /* all names; a small set keeps its room */
void seen_free(struct seen_set *set);

#endif
