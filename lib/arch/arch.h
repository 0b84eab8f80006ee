/*
 * arch: an architecture is a page of text (lib/arch/NAME.arch, or a user's own): what its tensors are called and how
 * they lie in files, which numbers describe it, and the steps of its forward pass. Everything else that weir knows of a
 * model is derived from these; no file outside lib/arch and lib/run compares an architecture's name. The grammar is in
 * doc/HOWTO-architecture.md.
 *
 *   arch.h    the page as it was read, and the table of pages
 *   model.h   a page with the numbers of one model: sizes, guards, layers
 *   place.h   stored names: which weights a stored tensor holds and where in it, and the way back
 *   config.h  numbers from and to config.json; the keys of a GGUF are in ckpt
 */
#ifndef WEIR_ARCH_ARCH_H
#define WEIR_ARCH_ARCH_H

#include "arch/expr.h"
#include "tensor/bundle.h"

enum arch_form { ARCH_HF, ARCH_GGUF, ARCH_FORMS }; /* whose names */

struct arch_class {
    char *type, *name, *nest; /* model_type, class, key that the configuration lies under or NULL */
};

struct arch_key { /* of a GGUF, without "general.architecture." */
    char *key;
    struct expr *value; /* what is written there, or NULL: the number itself */
};

/* A number of the configuration. each: one a layer ("i" is the layer). */
/* By the default that the page gives: a number as it comes; false or true; with a point (7.0); 0 as null. */
enum arch_written { ARCH_PLAIN, ARCH_TRUTH, ARCH_REAL, ARCH_NULL };
struct arch_number {
    char *name;
    char **path; /* keys of config.json, "a.b" nested; the first that is there counts, the first is written */
    int paths;
    char *word;           /* each: the number is 1 where the list of the path has this word */
    int each, list;       /* list: a list that is no list of layers (its default is []) */
    struct arch_key *key; /* of a GGUF; array: one value a layer */
    int keys, array;
    struct expr *otherwise;    /* default, or NULL: it must be there */
    enum arch_written written; /* how config.json has it */
};

struct arch_atom {
    char *text;        /* "heads", "(nope+rope)" without blanks */
    struct expr *size; /* NULL: the page does not say ("-"); such a page runs no model */
};

struct arch_axis {
    struct arch_atom *atom; /* outer to inner */
    int atoms;
};

/* A weight of the forward pass: a matrix [outputs, inputs], a vector, or a matrix for each expert (three axes, the
 * first is experts). */
struct arch_weight {
    char *role, *bias_role; /* "attn.q", "attn.q.bias" */
    struct arch_axis axis[3];
    int axes;
    int f32;              /* never quantized: norms, routers, positions, biases */
    int bias;             /* it may have one: [outputs] (of a norm: [its size]) */
    struct expr *bias_if; /* only then, or NULL */
    int plus1;            /* files of Hugging Face hold it less 1 */
    int rope;             /* its rows are rotary pairs: their order is the format's (rope=pair) */
    char *tied;           /* the role that stands for it when it is not there, or NULL */
    struct expr *tied_if;
    struct expr *guard; /* layers have it only then, or NULL */
    int order;          /* of the first step that uses it, in its section; -1: none does */
    int section,
        phase; /* 0 before the layers, 1 in them, 2 behind; in a layer 0 before scatter, 1 between it and gather, 2
                * behind */
};

/* How a stored tensor is made of weights: a tree for each of its dims. */
enum arch_node_kind { NODE_SIZE, NODE_ROLE, NODE_PRODUCT, NODE_SUM };
struct arch_node {
    enum arch_node_kind kind;
    char *text; /* SIZE: as arch_atom.text; ROLE: the role, with ".bias" or without */
    struct expr *size;
    struct arch_node *kid;
    int kids;
};

struct arch_store {
    char *name[ARCH_FORMS]; /* pattern, "#" the layer, "@" the expert; NULL: this form has none */
    int bare[ARCH_FORMS];   /* no ".weight" or ".bias" is added ("!") */
    int rooted[ARCH_FORMS]; /* no prefix is added ("/"); Hugging Face only */
    char *role;             /* it is this weight; with dims: laid out as they say. NULL: several, see dims */
    struct arch_node *dim;
    int dims;
    struct expr *guard;
    int inherited; /* of the page that this one is like */
};

enum arch_section { ARCH_BEFORE, ARCH_ATTENTION, ARCH_MLP, ARCH_AFTER, ARCH_SECTIONS };

struct arch_attr {
    char *name;
    char *role; /* a weight, or NULL */
    struct expr *value;
};

struct arch_step {
    char *out, *op;
    char *in[3]; /* values, or roles of weights; NULL behind the last */
    struct arch_attr *attr;
    int attrs;
    struct expr *guard;
    int line;         /* of file */
    const char *file; /* the page's that the step was taken from (like), not owned; NULL: this page's */
};

/* Where a step stands, for messages: "FILE:LINE" takes both. */
#define STEP_FILE(arch, step) ((step)->file ? (step)->file : (arch)->file)

/* What must hold, and the sentence where it does not, with numbers by their {names}; hf: of require, transformers asks
 * for it. */
struct arch_require {
    struct expr *that;
    char *why;
    int hf;
};

/* What readers of GGUF take for granted of a number that has no key. */
struct arch_assume {
    char *name;
    struct expr *value;
};

struct arch {
    char *name; /* "llama" */
    char *file; /* for messages: "llama.arch" */
    char *text; /* the page itself */
    int own;    /* a user's page */
    struct arch_class *class;
    int classes;
    char *gguf;              /* general.architecture, or NULL */
    int gguf_pair;           /* rows of rope weights are pairs (2i, 2i+1) there */
    char *gguf_key;          /* it is this page only if the GGUF has this key, above 0; or NULL */
    char **prefix, **ignore; /* before names; globs of tensors that are no weights; NULL-terminated */
    struct arch_number *number;
    struct arch_weight *weight;
    struct arch_store *store;
    struct arch_step *step[ARCH_SECTIONS];
    struct arch_assume *assume;   /* in the order of the page */
    struct arch_require *must;    /* of every such model */
    struct arch_require *require; /* what readers of GGUF take for granted */
    int numbers, weights, stores, steps[ARCH_SECTIONS], assumes, musts, requires;
};

/*
 * Read a page. file: for messages ("FILE:LINE: sentence"). A page may begin with "like OTHER", a page of the table.
 * Bounded: 64 KiB of text, 400 lines of a kind. NULL with e set. Free with arch_free.
 */
struct arch *arch_read(const char *text, size_t n, const char *file, struct err *e);
void arch_free(struct arch *a);

/* A user's pages, the newest first, then those of the table, read when first asked for; row i, or NULL after the last
 * (and of a page that cannot be read, which the laws find). By name; by config.json's model_type; NULL: none. */
const struct arch *arch_row(int i);
const char *arch_text(int i, const char **name, size_t *n); /* a page's text; NULL after the last */
const struct arch *arch_find(const char *name);
const struct arch *arch_of_type(const char *type);
const struct arch_class *arch_class(const struct arch *a,
                                    const char *type); /* of that model_type, else the first; NULL: it has none */

/* The page of a stream: the one in head.model's key "page" (a user's own), else of the table by its key "arch". NULL:
 * it has none. -1 is never returned: a page that travels was read before. Kept until the process ends. */
const struct arch *arch_of(const struct attrs *model);

/* Take a user's page: from now on arch_find knows it, before the table. 0 or -1. */
int arch_add_file(const char *path, struct err *e); /* of a file of the user's */
int arch_add(const char *text, size_t n, const char *file, const struct arch **a, struct err *e);

/* "qwen3, llama, ..." for messages. */
const char *arch_names(void);

const struct arch_weight *arch_weight(const struct arch *a, const char *role,
                                      int *bias); /* "attn.q.bias" is attn.q's; NULL: none */

const struct arch_number *arch_number(const struct arch *a, const char *name); /* NULL: none */

/* Is it a weight that a quantizer leaves alone? Unknown roles: 0. */
int arch_keeps_f32(const struct arch *a, const char *role);

/* Is the tensor of that stored name one that no forward pass needs: a mask, a table that is computed anew? */
int arch_buffer(const struct arch *a, const char *name);

/* Sort key of forward-pass order: by the first step that uses it; between scatter and gather expert by expert; a bias
 * behind its weight. UINT64_MAX for roles that no step uses (NULL too), so that a stable sort keeps their source order
 * after the known ones. */
uint64_t arch_order(const struct arch *a, const char *role, int64_t layer, int64_t expert);

#endif
