/* tok_int: what the files of tok share. Read tok.h first; then tok.c, tok_table.c, tok_merge.c, and the readers. */
#ifndef WEIR_TOK_TOK_INT_H
#define WEIR_TOK_TOK_INT_H

#include <stdbool.h>

#include "tok/tok.h"
#include "record/json.h"

#define TOK_SPACE "\xe2\x96\x81" /* U+2581, which stands for a space in pieces */
#define TOK_NONE UINT32_MAX
#define TOK_STEPS 16 /* normalizers or pre-tokenizers of one file, at most */

/* ---- tables (tok_table.c) ---- */

struct tok_entry {
    size_t at; /* in tok.text */
    uint32_t len;
    uint8_t type; /* 0 while nothing stands at this id */
    float score;
};

/* Hash from text to id over tok.piece: slots hold id + 1. */
struct tok_map {
    uint32_t *slot;
    size_t cap, n;
};

/* What two neighbours become. Open addressing by (left, right). */
struct tok_pair {
    uint64_t key; /* left << 32 | right, plus 1, so that 0 is a free slot */
    uint32_t rank, id;
};
struct tok_pairs {
    struct tok_pair *slot;
    size_t cap, n;
};

/* Pieces that are cut out of a text whole before anything else: ids sorted by their bytes. */
struct tok_cuts {
    uint32_t *id;
    size_t n;
};

/* ---- steps before the merging ---- */

enum tok_norm_kind { TOK_PREPEND, TOK_REPLACE, TOK_UNICODE };
struct tok_norm {
    enum tok_norm_kind kind;
    char *from, *to; /* REPLACE from by to; PREPEND to */
    size_t from_n, to_n;
    int form; /* UNICODE: utf8proc's options */
};

enum tok_split_kind { TOK_MATCHES_AND_GAPS, TOK_MATCHES_ONLY };
struct tok_split {
    enum tok_split_kind kind;
    void *re; /* pcre2_code */
};

/* How tokenizer.json's Metaspace or sentencepiece's dummy prefix puts a space before a text. */
enum tok_prefix { TOK_PREFIX_NEVER, TOK_PREFIX_FIRST, TOK_PREFIX_ALWAYS };

struct tok {
    int kind;
    struct buf text; /* of all pieces, each followed by NUL */
    struct tok_entry *piece;
    uint32_t n, piece_cap;
    struct tok_map map;
    uint32_t byte_id[256]; /* piece of a byte, or TOK_NONE: fallback bytes, or letters of the byte alphabet */
    int64_t bos, eos, unk, pad;
    bool add_bos, add_eos;
    bool byte_fallback, fuse_unk;

    /* Merging: by score of the joined text (tokenizer.model), or by rank of the pair (tokenizer.json). */
    bool by_score, ignore_merges;
    uint32_t *order; /* by_score: place of a piece's score among all scores, highest first; TOK_NONE: cannot be joined to */
    bool unused;     /* by_score: there are unused pieces, which are taken apart again */
    struct tok_pairs pairs;
    struct buf merge_text; /* "a b" of each merge, each followed by NUL */
    size_t *merge_at;
    size_t merges;

    /* Text into words, which merges do not cross. */
    struct tok_norm norm[TOK_STEPS];
    int norms;
    struct tok_split split[TOK_STEPS];
    int splits;
    bool words; /* TOK_SPM: cut before a space that follows no space: by Metaspace, or since no piece has one inside */
    bool words_each; /* Metaspace's split: cut before each space */
    bool metaspace;
    enum tok_prefix prefix;  /* metaspace; for TOK_BPE ByteLevel's add_prefix_space is ALWAYS */
    bool sp, sp_prefix, sp_suffix, sp_trim, sp_escape; /* tokenizer.model's normalizer */
    struct tok_cuts added;   /* found in raw text (tokenizer.json) */
    struct tok_cuts special; /* the same and control tokens */
    struct tok_cuts symbols; /* found while normalizing and in normalized text (tokenizer.model) */
    const char *pre;
    char *bos_text, *eos_text, *pad_text; /* named by the files; resolved by tok_open */
};

/* Put a piece at an id; ids may come in any order. Refused: an id taken, an id far beyond the count `many`, a text there twice. */
int tok_put(struct tok *t, uint64_t id, const char *s, size_t n, int type, float score, uint64_t many, struct err *e);
uint32_t tok_find(const struct tok *t, const char *s, size_t n); /* id of a text, or TOK_NONE */
void tok_fill_holes(struct tok *t);                              /* ids that nothing stands at become unused "[PADn]" */
const struct tok_pair *tok_pair_find(const struct tok_pairs *p, uint32_t left, uint32_t right); /* or NULL */
int tok_pair_put(struct tok_pairs *p, uint32_t left, uint32_t right, uint32_t rank, uint32_t id); /* -1 when there */
void tok_cuts_add(struct tok_cuts *c, uint32_t id);
void tok_cuts_sort(const struct tok *t, struct tok_cuts *c); /* after the last add, before the first find */
/* Longest piece of c that s[0..n) begins with: its id, or TOK_NONE. */
uint32_t tok_cuts_find(const struct tok *t, const struct tok_cuts *c, const char *s, size_t n);
size_t tok_utf8(const char *s, size_t n); /* bytes of the well-formed sequence at s (n > 0), or 0 */
void tok_rank_scores(struct tok *t); /* scores that llama.cpp merges by, from merge ranks */
bool tok_space_inside(const struct tok *t); /* 1 when a piece has a space after another character: words can then not be encoded one by one */
int tok_find_bytes(struct tok *t, struct err *e); /* fill byte_id for byte fallback from "<0x00>" to "<0xFF>" */

void tok_find_letters(struct tok *t); /* byte_id from the byte alphabet; a byte without a letter is refused when a text has it */
/* Add a merge of two pieces, or of "a b"; t->merge_at has room. Refused: no such pieces, a pair that is there. */
int tok_merge_put(struct tok *t, const char *a, size_t an, const char *b, size_t bn, struct err *e);
int tok_merge_text(struct tok *t, const char *s, size_t n, struct err *e);
int tok_score_tables(struct tok *t, struct err *e); /* tok_parts.c: what merging by score needs, from pieces and sp_ flags */
struct tok *tok_empty(void);
void tok_specials(struct tok *t); /* fills special, once all pieces have their types */

/* ---- merging (tok_merge.c) ---- */

struct tok_symbol {
    int32_t prev, next; /* -1 at the ends */
    uint32_t at, len;   /* in the run's text; len 0: joined to its left */
    uint32_t id;        /* TOK_NONE: no piece yet */
    bool frozen;        /* joins nothing */
};

struct tok_word {
    uint64_t hash;
    uint32_t at, len, n; /* in the run's text; n ids at ids */
    size_t ids;
};

struct tok_heap {
    uint64_t key; /* order << 32 | left: smallest first */
    uint32_t size, id;
};

/* What one call of tok_encode holds. */
struct tok_run {
    const struct tok *t;
    struct buf text; /* normalized; words point into it */
    struct tok_symbol *sym;
    size_t syms, sym_cap;
    struct tok_heap *heap;
    size_t heaps, heap_cap;
    struct tok_word *word;
    size_t words, word_cap;
    struct tok_ids *out;
    bool first; /* the segment at hand begins the text */
    void *match; /* pcre2_match_data */
    void *context, *stack;
    struct buf spare;
    uint32_t *halves; /* by_score with unused pieces: bytes of the left part when a piece was last proposed, by id */
    struct err *e;
};

int tok_word_encode(struct tok_run *r, size_t at, size_t len); /* ids of one word of r->text, from the cache or by merging */
void tok_symbol_add(struct tok_run *r, size_t at, size_t len, uint32_t id, bool frozen);
void tok_merge_all(struct tok_run *r); /* joins r->sym until no pair is left to join */
void tok_run_free(struct tok_run *r);

/* ---- the two kinds ---- */

int tok_spm_segment(struct tok_run *r, const char *s, size_t n); /* tok_spm.c: normalize, cut into words, encode */
int tok_spm_word(struct tok_run *r, size_t at, size_t len);      /* symbols of a word, merged, to ids */
int tok_bpe_segment(struct tok_run *r, const char *s, size_t n); /* tok_bpe.c */
int tok_bpe_word(struct tok_run *r, size_t at, size_t len);
void tok_byte_alphabet(uint16_t code[256]);                      /* code point that stands for each byte */
int tok_normalize(const struct tok *t, struct buf *b, size_t from, struct err *e); /* tok_norm.c: b from `from` on, in place */
/* Put s in b with each byte that is not UTF-8 as U+FFFD. */
void tok_clean(struct buf *b, const char *s, size_t n);

/* A split pattern in the language of Oniguruma compiled for PCRE2; NULL with e set when it has words of other meaning there. */
void *tok_regex(const char *pattern, size_t n, struct err *e);
void tok_regex_free(void *re);
extern const char tok_gpt2_pattern[];

/* ---- the readers: fill t; the clause names the place within the file ---- */

int tok_proto_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);
int tok_json_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);
int tok_pre_read(struct tok *t, const struct json *root, struct err *e); /* normalizer and pre_tokenizer: tok_pre.c */
int tok_pre_named(struct tok *t, const char *name, struct err *e); /* the patterns of a name of tok_pre */
const char *tok_pre_pattern(const char *name); /* the one pattern of "qwen2" or "llama-bpe" as tokenizer.json writes it, or NULL */
int tok_added_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);  /* tokenizer.json's added_tokens alone */
int tok_atj_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);    /* added_tokens.json */
int tok_config_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);

#endif
