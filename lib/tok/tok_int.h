/*
 * tok_int: what the files of tok share. Read tok.h first; then tok.c and tok_encode.c (the way of a text), tok_table.c,
 * the readers (tok_json.c, tok_norm_read.c, tok_pre.c, tok_proto.c, tok_parts.c), the steps before a model (tok_norm.c,
 * tok_split.c), the models (tok_bpe.c with tok_merge.c, tok_spm.c, tok_wordpiece.c, tok_unigram.c).
 */
#ifndef WEIR_TOK_TOK_INT_H
#define WEIR_TOK_TOK_INT_H

#include <stdbool.h>

#include "tok/tok.h"
#include "record/json.h"

#define TOK_SPACE "\xe2\x96\x81" /* U+2581, which stands for a space in pieces */
#define TOK_NONE UINT32_MAX
#define TOK_STEPS 16 /* normalizers or pre-tokenizers of one file, at most */

/* ---- tables (tok_table.c) ---- */

/* How an added token is found in a text, and whether a piece belongs to the model's own vocabulary. */
enum { TOK_LSTRIP = 1, TOK_RSTRIP = 2, TOK_SINGLE = 4, TOK_NORMALIZED = 8, TOK_ADDED = 16, TOK_OWN = 32 };

struct tok_entry {
    size_t at; /* in tok.text */
    uint32_t len;
    uint8_t type; /* 0 while nothing stands at this id */
    uint8_t flags;
    double score;
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

/* Texts, sorted by their bytes, each with an id: what begins at a place is found byte by byte. */
struct tok_cut {
    size_t at; /* in text */
    uint32_t len, id;
};
struct tok_cuts {
    struct buf text;
    struct tok_cut *cut;
    size_t n, cap;
    size_t first[257]; /* where texts of each first byte begin */
};

/* A normalizer's map of character sequences: SentencePiece's precompiled_charsmap. */
struct tok_charsmap {
    struct buf raw;
    size_t units, text; /* count of the trie's units, from byte 4 of raw on; where the texts begin */
};

/* ---- steps before the model ---- */

enum tok_norm_kind {
    TOK_PREPEND,
    TOK_REPLACE,
    TOK_REPLACE_RE,
    TOK_UNICODE,
    TOK_LOWER,
    TOK_STRIP,
    TOK_CHARSMAP,
    TOK_DROP_MARKS, /* combining marks: of all kinds, or (form 1) only those that take no space */
    TOK_BERT_CLEAN,
    TOK_BERT_CHINESE
};
struct tok_norm {
    enum tok_norm_kind kind;
    char *from, *to; /* REPLACE from by to; PREPEND to */
    size_t from_n, to_n;
    void *re;
    int form; /* UNICODE: utf8proc's options; STRIP: 1 left, 2 right */
};

enum tok_step_kind { TOK_SPLIT, TOK_PREFIX, TOK_ALPHABET, TOK_METASPACE, TOK_CUT };
/* What becomes of a pattern's matches: tokenizers' SplitDelimiterBehavior. */
enum tok_how { TOK_ISOLATED, TOK_REMOVED, TOK_CONTIGUOUS, TOK_WITH_PREVIOUS, TOK_WITH_NEXT };
enum tok_scheme { TOK_NEVER, TOK_FIRST, TOK_ALWAYS };
struct tok_step {
    enum tok_step_kind kind;
    char *pattern; /* SPLIT */
    void *re;      /* pcre2_code */
    enum tok_how how;
    bool invert;            /* SPLIT: what lies between matches counts as one */
    enum tok_scheme scheme; /* METASPACE: when a space is put before */
    bool each;              /* CUT: before each shown space, else before one that follows no other */
};

enum tok_model { TOK_BY_RANK, TOK_BY_SCORE, TOK_WORDPIECE, TOK_UNIGRAM };

struct tok {
    int kind;
    enum tok_model model;
    struct buf text; /* of all pieces, each followed by NUL */
    struct tok_entry *piece;
    uint32_t n, piece_cap;
    struct tok_map map;
    uint32_t byte_id[256]; /* piece of a byte, or TOK_NONE: fallback bytes, or letters of the byte alphabet */
    int64_t bos, eos, unk, pad;
    bool add_bos, add_eos;
    bool byte_fallback, fuse_unk;

    bool letters;       /* BY_RANK: a word's bytes are spelled in the byte alphabet */
    bool ignore_merges; /* BY_RANK: a word that is a piece is that piece */
    char *affix_prefix,
        *affix_suffix; /* BY_RANK: before each character but the first, after the last; WORDPIECE: the first of them */
    uint32_t
        *order;  /* BY_SCORE: place of a piece's score among all scores, highest first; TOK_NONE: cannot be joined to */
    bool unused; /* BY_SCORE: there are unused pieces, which are taken apart again */
    struct tok_pairs pairs;
    struct buf merge_text; /* "a b" of each merge, each followed by NUL */
    size_t *merge_at;
    size_t merges;
    uint32_t word_max;            /* WORDPIECE: a word of more characters is unknown */
    struct tok_cuts lattice;      /* UNIGRAM: the pieces */
    double unk_score, most_score; /* UNIGRAM */

    struct tok_norm norm[TOK_STEPS];
    int norms;
    struct tok_step step[TOK_STEPS];
    int steps;
    struct tok_charsmap charsmap;
    bool sp, sp_prefix, sp_suffix, sp_trim, sp_escape; /* tokenizer.model's normalizer */
    struct tok_cuts added;                             /* found in raw text */
    struct tok_cuts late;                              /* found in normalized text */
    struct tok_cuts symbols; /* found while normalizing and in normalized text (tokenizer.model) */
    const char *pre;
    char *first[TOK_AROUND], *last[TOK_AROUND]; /* texts of the tokens that the post-processor puts before and after */
    int firsts, lasts;
    uint32_t begin[TOK_AROUND]; /* ids of first */
    int begins;
    char *bos_text, *eos_text, *pad_text; /* named by the files; resolved by tok_open */
};

/* Put a piece at an id; ids may come in any order. Refused: an id taken, an id far beyond the count `many`, a text
 * there twice. */
int tok_put(struct tok *t, uint64_t id, const char *s, size_t n, int type, double score, uint64_t many, struct err *e);
uint32_t tok_find(const struct tok *t, const char *s, size_t n); /* id of a text, or TOK_NONE */
uint32_t tok_find_own(const struct tok *t, const char *s,
                      size_t n);    /* the same among pieces that a model may give for a text */
void tok_fill_holes(struct tok *t); /* ids that nothing stands at become unused "[PADn]" */
const struct tok_pair *tok_pair_find(const struct tok_pairs *p, uint32_t left, uint32_t right);   /* or NULL */
int tok_pair_put(struct tok_pairs *p, uint32_t left, uint32_t right, uint32_t rank, uint32_t id); /* -1 when there */
void tok_cuts_add(struct tok_cuts *c, const char *s, size_t n, uint32_t id);
void tok_cuts_add_piece(const struct tok *t, struct tok_cuts *c, uint32_t id);
void tok_cuts_sort(
    struct tok_cuts *c); /* after the last add, before the first find; of equal texts the first added stays */
void tok_cuts_free(struct tok_cuts *c);
/* Narrow [*lo, *hi), which agree before depth, to the texts that have this byte there: 0 when none is left. */
int tok_cuts_narrow(const struct tok_cuts *c, size_t *lo, size_t *hi, size_t depth, uint8_t byte);
/* The longest text that s[0..n) begins with, or NULL. */
const struct tok_cut *tok_cuts_find(const struct tok_cuts *c, const char *s, size_t n);
size_t tok_utf8(const char *s, size_t n);    /* bytes of the well-formed sequence at s (n > 0), or 0 */
int32_t tok_code(const char *s, size_t len); /* code point of the sequence of len bytes at s */
size_t tok_utf8_put(uint32_t c, char out[4]);
void tok_rank_scores(struct tok *t); /* scores that llama.cpp merges by, from merge ranks */
bool tok_space_inside(
    const struct tok
        *t); /* 1 when a piece has a space after another character: words can then not be encoded one by one */
void tok_find_bytes(struct tok *t);   /* byte_id from the pieces "<0x00>" to "<0xFF>" that are there */
void tok_find_letters(struct tok *t); /* byte_id from the byte alphabet */
/* Add a merge of two pieces, or of "a b"; t->merge_at has room. Refused: no such pieces, a pair that is there. */
int tok_merge_put(struct tok *t, const char *a, size_t an, const char *b, size_t bn, struct err *e);
int tok_merge_text(struct tok *t, const char *s, size_t n, struct err *e);
int tok_spm_pieces(struct tok *t,
                   struct err *e); /* tok_parts.c: unknown piece, bytes and words of a tokenizer of SentencePiece's */
void tok_score_tables(struct tok *t); /* what merging by score needs, once all pieces have their types */
void tok_unigram_tables(
    struct tok
        *t); /* tok_unigram.c: lattice and unk_score, once all pieces have their types; there is an unknown piece */
void tok_added_tables(struct tok *t); /* tok_encode.c: added and late, from the types and flags */
struct tok *tok_empty(void);
void tok_words(struct tok *t); /* a last step that cuts words, where no piece crosses them */

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
    size_t ids, dropped;
};

struct tok_heap {
    uint64_t key; /* order << 32 | left: smallest first */
    uint32_t size, id;
};

/* What one call of tok_encode holds. */
struct tok_run {
    const struct tok *t;
    struct buf text; /* normalized; words point into it */
    size_t limit;    /* bytes of text: no normalizer makes more of a text than this */
    struct tok_symbol *sym;
    size_t syms, sym_cap;
    struct tok_heap *heap;
    size_t heaps, heap_cap;
    struct tok_word *word;
    size_t words, word_cap;
    struct tok_node *node; /* UNIGRAM */
    size_t node_cap;
    struct tok_ids *out;
    bool first; /* the segment at hand begins the text */
    bool special;
    size_t start; /* of the segment at hand, in text */
    struct tok_match *match;
    struct buf spare;
    uint32_t *halves; /* by_score with unused pieces: bytes of the left part when a piece was last proposed, by id */
    struct err *e;
};

int tok_word_encode(struct tok_run *r, size_t at,
                    size_t len); /* ids of one word of r->text, from the cache or by the model */
void tok_symbol_add(struct tok_run *r, size_t at, size_t len, uint32_t id, bool frozen);
void tok_merge_all(struct tok_run *r); /* joins r->sym until no pair is left to join */
void tok_run_free(struct tok_run *r);

/* ---- the way of a text: normalize, split, encode words ---- */

int tok_sp_normalize(struct tok_run *r, const char *s, size_t n); /* tok_spm.c: appended to r->text */
int tok_normalize(const struct tok *t, struct buf *b, size_t from, size_t limit,
                  struct err *e); /* tok_norm.c: b from `from` on, in place */
int tok_split_run(struct tok_run *r, size_t at,
                  size_t n); /* tok_split.c: r->text[at, at + n) through the steps, to words */
int tok_rank_word(struct tok_run *r, size_t at, size_t len);      /* tok_bpe.c: a word's ids to r->out */
int tok_score_word(struct tok_run *r, size_t at, size_t len);     /* tok_spm.c */
int tok_wordpiece_word(struct tok_run *r, size_t at, size_t len); /* tok_wordpiece.c */
int tok_unigram_word(struct tok_run *r, size_t at, size_t len);   /* tok_unigram.c */
/* Bytes that no piece stands for, as ids: their bytes' pieces, else unk, else dropped and counted. first: where in out
 * unk may not yet stand. */
void tok_unknown_emit(struct tok_run *r, size_t at, size_t len, size_t first, bool fuse);
void tok_byte_alphabet(uint16_t code[256]); /* code point that stands for each byte */
void tok_alphabet_put(struct buf *b, const uint8_t *s, size_t n);
/* Put s in b with each byte that is not UTF-8 as U+FFFD. */
void tok_clean(struct buf *b, const char *s, size_t n);

int tok_charsmap_read(struct tok_charsmap *m, const void *p, size_t n, struct err *e); /* tok_charsmap.c */
/* Bytes of s that the longest rule (or the shortest) takes, and what it makes of them; 0 when none does. */
size_t tok_charsmap_find(const struct tok_charsmap *m, const char *s, size_t n, bool longest, const char **to,
                         size_t *to_n);

/* A split pattern in the language of Oniguruma compiled for PCRE2; NULL with e set when it has words of other meaning
 * there. */
void *tok_regex(const char *pattern, size_t n, struct err *e);
void tok_regex_free(void *re);
/* Next match within s[0, n) from *from on: 1 with lo and hi set, 0 for none, -1 with e set. *m is made when NULL. */
int tok_match(struct tok_match **m, const void *re, const uint8_t *s, size_t n, size_t from, size_t *lo, size_t *hi,
              struct err *e);
void tok_match_free(struct tok_match *m);
/* All matches of a pattern in turn, as Oniguruma's find_iter gives them: an empty match right behind the last is none.
 * */
struct tok_matches {
    size_t from, last; /* {0, SIZE_MAX} begins */
};
int tok_matches_next(struct tok_match **m, struct tok_matches *at, const void *re, const uint8_t *s, size_t n,
                     size_t *lo, size_t *hi, struct err *e);
extern const char tok_gpt2_pattern[];

/* ---- the readers: fill t; the clause names the place within the file ---- */

int tok_proto_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);
int tok_json_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);
int tok_norm_read(struct tok *t, const struct json *normalizer, struct err *e);   /* tok_norm_read.c */
int tok_pre_read(struct tok *t, const struct json *pre_tokenizer, struct err *e); /* tok_pre.c */
struct tok_norm *tok_norm_new(struct tok *t, enum tok_norm_kind kind,
                              struct err *e); /* NULL with e set when there are too many */
struct tok_step *tok_step_new(struct tok *t, enum tok_step_kind kind, struct err *e);
int tok_step_split(struct tok *t, const char *pattern, size_t n, enum tok_how how, bool invert, struct err *e);
void tok_step_free(struct tok_step *s);
int tok_members_known(const struct json *j, const char *what, const char *names,
                      struct err *e);                              /* names: each followed by a blank */
int tok_pre_named(struct tok *t, const char *name, struct err *e); /* tok_names.c: the steps of a name of tok_pre */
const char *tok_pre_name(const struct tok *t);                     /* the name of the steps there are, or NULL */
int tok_added_one(struct tok *t, const struct json *a, int64_t id, uint64_t many, struct err *e);
int tok_added_read(struct tok *t, const uint8_t *p, size_t n, struct err *e); /* tokenizer.json's added_tokens alone */
int tok_atj_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);   /* added_tokens.json */
int tok_config_read(struct tok *t, const uint8_t *p, size_t n, struct err *e);

#endif
