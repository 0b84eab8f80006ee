/* shards: a pile as several files of at most so many bytes, with the peers' names and keys. */
#ifndef WEIR_FILE_SHARDS_H
#define WEIR_FILE_SHARDS_H

#include "file/gguf.h"
#include "file/pile.h"

/*
 * Share the tensors of a pile out, in its order, such that no shard's data exceed max bytes, but for a tensor that is
 * larger by itself.
 * of       out: [p->n], the shard of each tensor, counted from 0
 * gather   1: as Hugging Face's splitter: a tensor larger than max is a shard of its own while others go on filling
 *          theirs; 0: as llama-gguf-split: each shard is a run of the order. No shard is empty.
 * Returns their number, 0 for an empty pile. Source: huggingface_hub, _base.split_state_dict_into_shards_factory;
 * llama.cpp, gguf-split.
 */
size_t shards_plan(const struct pile *p, uint64_t max, int gather, size_t *of);

/* The tensors of one shard as a pile that borrows names and bytes of p: for the writers; free only part->item. */
void shards_pile(const struct pile *p, const size_t *of, size_t shard, struct pile *part);

/* model.safetensors.index.json as transformers writes it, appended: total_size, and the file of each tensor, by name.
 * n: of shards. */
void shards_index(const struct pile *p, const size_t *of, size_t n, struct buf *out);
char *shards_name(const char *prefix, size_t shard, size_t n,
                  const char *suffix); /* "PREFIX-00001-of-00003SUFFIX", the caller frees */

/*
 * A GGUF in n parts PREFIX-00001-of-0000N.gguf beside path (PREFIX.gguf). The first holds the keys; each says split.no,
 * split.count and split.tensors.count. A part appears when it is whole; after an error none stays. -1: as gguf_write,
 * or more than 65535 parts.
 */
int shards_gguf(const struct pile *p, const size_t *of, size_t n, const struct gguf_keys *k, const char *path,
                struct err *e);

#endif
