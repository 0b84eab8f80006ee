/* torch_tree: the tensors and storages that a pickle of PyTorch names. Private to torch.c and torch_tree.c. */
#ifndef WEIR_FILE_TORCH_TREE_H
#define WEIR_FILE_TORCH_TREE_H

#include "file/archive.h"
#include "file/pickle.h"

struct torch_storage {
    char *key;             /* file name in the zip, or name in the list of storages */
    const char *type_name; /* "torch.FloatStorage" */
    int dtype;             /* -1: untyped, elements are bytes */
    uint64_t count, bytes; /* elements; bytes in all */
    int part, placed;      /* where the bytes are: the reader of the container fills these */
    uint64_t at;
};

struct torch_tree {
    struct pickle pickle;
    struct torch_storage *storage;
    size_t storages;
};

/* Read the pickle and all its storages' ids. 0; -1; 1 when the bytes end inside it. p must outlive the tree. */
int torch_tree_read(struct torch_tree *t, const uint8_t *p, size_t n, struct err *e);
void torch_tree_free(struct torch_tree *t);
struct torch_storage *torch_tree_storage(const struct torch_tree *t, const char *key, size_t n); /* or NULL */

/*
 * Add the tensors to s: containers are walked, keys joined by "."; those of an outermost "state_dict" or "model" alone
 * count from there. What is no tensor and no container of any (epochs, options) is left behind. -1: a tensor that does
 * not lie in its storage, a type that is not known, a key that is no text or number, containers nested deeper than 64.
 */
int torch_tree_add(const struct torch_tree *t, struct source *s, struct err *e);

#endif
