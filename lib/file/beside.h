/* beside: the files of a model's folder that travel with its weights, those of its sub-folders too. */
#ifndef WEIR_FILE_BESIDE_H
#define WEIR_FILE_BESIDE_H

#include "file/file.h"

#define BESIDE_DEPTH 8 /* folders in folders */
#define BESIDE_FILES 4096

/*
 * Add each plain file that is not hidden, holds no weights and says not where weights are, as a blob named by its path
 * from the folder, in byte order of these paths. A sub-folder in which weights lie, at any depth, is another checkpoint
 * (onnx/, openvino/, checkpoint-500/) and stays behind, unless the folder's modules.json names it as a part of the
 * model (sentence-transformers' 2_Dense): then all of it travels. Hidden folders, __pycache__, what is a link to a
 * folder, and tensorboard's events in sub-folders stay behind.
 * -1: a folder that cannot be read, more than the limits above, a file of more than BLOB_MAX_BYTES, a modules.json that
 * is no JSON.
 */
int beside_add(struct source *s, const char *folder, struct err *e);

#endif
