/*
 * run: laws of the executor, on a page that has every op: the same bytes for any count of threads, every instruction
 * set, states in memory and in a file; ties of a router go to the lower index; statistics of experts are those of their
 * tokens. What the ops compute is held against transformers elsewhere (tests/cli/arch.bats, tests/vectors).
 */
#include "tests/unit/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/par.h"
#include "base/rng.h"
#include "num/kern.h"
#include "run/calib.h"
#include "run/ppl.h"

static const char page[] =
    "arch every\ngguf -\n"
    "number\n  hidden hidden - = 24\n  layers layers - = 3\n  heads heads - = 4\n  kv kv - = 2\n  share - - = "
    "heads//kv\n  nope - - = 6\n  rd - - = 4\n"
    "  vd - - = 5\n  qr - - = 9\n  vocab - - = 50\n  places - - = 40\n  context - - = 32\n  experts - - = 6\n  inter - "
    "- = 11\n  top - - = 2\n"
    "each\n  late - - = i == 2\n"
    "weight\n  embed [vocab, hidden]\n  pos [places, hidden]\n  norm.embed [hidden] bias\n  norm.attn [hidden]\n  "
    "attn.qa [qr, hidden] bias\n"
    "  attn.q [kv.share.(nope+rd), qr]\n  norm.q [(nope+rd)]\n  attn.k [kv.nope, hidden]\n  attn.kr [rd, hidden]\n  "
    "attn.v [kv.vd, hidden]\n"
    "  attn.sink [kv.share] if late\n  attn.o [hidden, kv.share.vd]\n  norm.mlp [hidden] bias\n  moe.router [experts, "
    "hidden]\n  moe.rbias [experts]\n"
    "  sh.up [inter, hidden]\n  sh.down [hidden, inter]\n  moe.gate [experts, inter, hidden]\n  moe.up [experts, "
    "inter, hidden] bias\n"
    "  moe.down [experts, hidden, inter]\n  norm.mlp_post [hidden]\n  norm.final [hidden]\n  head [vocab, hidden]\n"
    "before\n  x = embed embed\n  x = position x pos skip=1\n  x = layernorm x norm.embed eps=1e-5\n  x = scale x "
    "by=1.5\n"
    "attention\n  n = rmsnorm x norm.attn eps=1e-6\n  c = linear n attn.qa\n  q = linear c attn.q\n  k = linear n "
    "attn.k\n  p = linear n attn.kr\n"
    "  v = linear n attn.v\n  q = rmsnorm q norm.q eps=1e-6\n  q = rope q base=100 dims=rd at=nope pair=1\n  p = rope "
    "p base=100 dims=rd pair=1\n"
    "  k = join k p each=kv\n  a = attention q k v scale=0.3 window=5 cap=20 sink=attn.sink if late\n"
    "  a = attention q k v scale=0.3 alibi=1 if i == 1\n  a = attention q k v scale=0.3 causal=0 alibi=0.5 slopes=bf16 "
    "if i == 0\n"
    "  o = linear a attn.o\n  x = add x o\n"
    "mlp\n  m = layernorm x norm.mlp eps=1e-5 group=8\n  r = linear m moe.router\n"
    "  r = route r bias=moe.rbias top=top score=sigmoid groups=3 gtop=2 norm=1 scale=1.7 if top < experts\n"
    "  r = route r top=top score=softmax if top == experts\n"
    "  s = linear m sh.up\n  s = act s fn=relu2\n  s = linear s sh.down\n  m = scatter m r\n  g = linear m moe.gate\n  "
    "u = linear m moe.up\n"
    "  g = clamp g lo=-1 hi=2\n  g = act g fn=silu alpha=1.7\n  u = offset u by=1\n  h = mul g u\n  d = linear h "
    "moe.down\n  d = gather d r\n"
    "  d = add d s\n  d = rmsnorm d norm.mlp_post eps=1e-6\n  x = add x d\n"
    "after\n  x = rmsnorm x norm.final eps=1e-6\n  y = linear x head\n  y = softcap y by=7\n  y = scale y by=0.5\n";

enum { TOKENS = 70, CTX = 32 };
static struct err e;

static void set_head(struct attrs *m, int top)
{
    attrs_set_str(m, "arch", "every");
    attrs_set_str(m, "page", page);
    attrs_set_int(m, "layers", 3);
    if (top)
        attrs_set_int(m, "top", top);
}

/* One weight (or bias) with random values of its name, or zeros. */
static void make(struct bundle *b, const struct model *m, const struct arch_weight *w, int bias, int64_t layer,
                 int64_t expert, int zero)
{
    char *name = mem_printf("%s%s.%lld.%lld", w->role, bias ? ".bias" : "", (long long)layer, (long long)expert);
    struct rng r = rng_make(1, name, strlen(name));
    struct shape s;
    float *v;

    CHECK(model_axes(m, w, bias, layer, &s, &e) == 0);
    if (expert >= 0) {
        s.rank--;
        memmove(s.dim, s.dim + 1, (size_t)s.rank * sizeof *s.dim);
    }
    v = mem_new(shape_count(&s), sizeof *v);
    for (size_t i = 0; i < shape_count(&s) && !zero; i++)
        v[i] = (float)((w->axes == 1 && !bias) + 0.3 * rng_normal(r, i));
    bundle_init_dense(b, name, &s, DT_F32, v);
    b->role = mem_printf("%s%s", w->role, bias ? ".bias" : "");
    b->layer = layer;
    b->expert = expert;
    free(v);
    free(name);
}

struct unit {
    struct bundle b[40];
    int n;
};

static void add(struct unit *u, const struct model *m, const char *role, int64_t layer, int64_t expert, int zero)
{
    const struct arch_weight *w = arch_weight(m->arch, role, NULL);

    if (model_has(m, w, 0, layer))
        make(&u->b[u->n++], m, w, 0, layer, expert, zero);
    if (model_has(m, w, 1, layer))
        make(&u->b[u->n++], m, w, 1, layer, expert, zero);
}

static void add_all(struct unit *u, const struct model *m, const char *const *role, int64_t layer, int64_t expert)
{
    for (; *role; role++)
        add(u, m, *role, layer, expert, 0);
}

static void drop(struct unit *u)
{
    for (int i = 0; i < u->n; i++)
        bundle_free(&u->b[i]);
    u->n = 0;
}

static const char *const dense[] = {"norm.attn", "attn.qa",   "attn.q", "norm.q",   "attn.k", "attn.kr",
                                    "attn.v",    "attn.sink", "attn.o", "norm.mlp", NULL};
static const char *const shared[] = {"sh.up", "sh.down", NULL}, *const of_expert[] = {"moe.gate", "moe.up", "moe.down",
                                                                                      NULL};

/* What a run gave, as a digest. */
struct digest {
    struct hasher *h;
    const struct forward *f;
    struct calib c;
    int64_t counts; /* of experts' tokens, over all layers */
    int top;        /* every expert sees every token: its statistics are the router's */
    float *router;
};

static void take(struct digest *d, struct unit *u)
{
    CHECK(calib_attach(&d->c, d->f, u->b, u->n, &e) == 0);
    for (int i = 0; i < u->n; i++) {
        const struct bundle *b = &u->b[i];

        for (int k = 0; k < b->parts; k++)
            if (b->part[k].term < 0)
                hasher_add(d->h, b->part[k].data, b->part[k].rows * b->part[k].row_bytes);
        if (strcmp(b->role, "moe.gate") == 0)
            d->counts += attrs_int(&b->more, "count", -1);
        if (d->top == 6 && strcmp(b->role, "moe.router") == 0) {
            free(d->router);
            d->router = bundle_companion(b, "norm2", 24, &e);
        }
        if (d->top == 6 && strcmp(b->role, "moe.gate") == 0) {
            float *own = bundle_companion(b, "norm2", 24, &e);

            CHECK(own && d->router && memcmp(own, d->router, 24 * sizeof *own) == 0);
            free(own);
        }
    }
    calib_reset(&d->c);
}

static void run_unit(struct forward *f, struct unit *u, struct digest *d, int look)
{
    const struct taps taps = {.see = calib_see, .attend = calib_weigh, .ctx = &d->c, .pass = look ? NULL : calib_pass};

    if (look) {
        CHECK(forward_look(f, u->b, u->n, &taps, &e) == 0 || !puts(e.msg));
        take(d, u);
    }
    CHECK(forward_run(f, u->b, u->n, look ? NULL : &taps, &e) == 0 || !puts(e.msg));
    if (!look)
        take(d, u);
    drop(u);
}

static void layer(struct forward *f, int64_t l, struct digest *d, int look, int zero)
{
    struct unit u = {.n = 0};

    calib_new_layer(&d->c);
    add_all(&u, &f->m, dense, l, -1);
    add(&u, &f->m, "moe.router", l, -1, zero);
    if (d->top < 6)
        add(&u, &f->m, "moe.rbias", l, -1, zero);
    add_all(&u, &f->m, shared, l, -1);
    run_unit(f, &u, d, look);
    for (int64_t x = 0; x < 6; x++) {
        add_all(&u, &f->m, of_expert, l, x);
        CHECK(!zero || forward_routed(f, x) == (x < d->top ? TOKENS : 0));
        run_unit(f, &u, d, look);
    }
    add(&u, &f->m, "norm.mlp_post", l, -1, 0);
    run_unit(f, &u, d, look);
}

static void singles(struct forward *f, const char *const *role)
{
    struct unit u = {.n = 0};

    add_all(&u, &f->m, role, -1, -1);
    for (int i = 0; i < u.n; i++)
        CHECK(forward_run(f, &u.b[i], 1, NULL, &e) == 0 || !puts(e.msg));
    drop(&u);
}

/* A whole run: states, statistics and scores to one digest. */
static void whole(uint64_t limit, int look, int top, int zero, uint64_t *out)
{
    static const char *const before[] = {"embed", "pos", "norm.embed", NULL}, *const after[] = {"norm.final", NULL};
    struct digest d = {.h = hasher_new(),
                       .c = {.parts = CALIB_NORM2 | CALIB_MEAN | CALIB_ABSMEAN | CALIB_GRAM, .least = 0.1},
                       .top = top ? top : 2};
    struct ppl_token token[TOKENS];
    struct windows w = {0};
    struct unit head = {.n = 0};
    struct attrs m = {0};
    struct forward f;
    uint32_t ids[TOKENS + 1];

    for (int i = 0; i <= TOKENS; i++)
        ids[i] = (uint32_t)(i * 37 + i / 9) % 50;
    CHECK(windows_add(&w, ids, TOKENS + 1, CTX, PROTOCOL_PAPER, -1, &e) == 0);
    set_head(&m, top);
    CHECK(forward_open(&f, &m, &w, limit, &e) == 0 || !puts(e.msg));
    d.f = &f;
    singles(&f, before);
    for (int64_t l = 0; l < 3; l++)
        layer(&f, l, &d, look, zero);
    CHECK(d.counts == 3 * TOKENS * d.top);
    singles(&f, after);
    CHECK(forward_finish(&f, NULL, &e) == 0 || !puts(e.msg));
    for (int t = 0; t < TOKENS; t++)
        hasher_add(d.h, states_get(&f.x, t, 1, &e), 24 * sizeof(float));
    add(&head, &f.m, "head", -1, -1, 0);
    CHECK(ppl_score(&(struct scorer){&f, head.b}, NULL, token, &e) == 0);
    for (int t = 0; t < TOKENS; t++) {
        CHECK(token[t].nll > 0 && token[t].nll < 2 * 3.5 + 4); /* caps hold scores in (-3.5, 3.5) */
        hasher_add(d.h, &token[t].nll, sizeof token[t].nll);
    }
    *out = hasher_value(d.h);
    hasher_free(d.h);
    calib_new_layer(&d.c);
    free(d.router);
    drop(&head);
    forward_free(&f);
    attrs_free(&m);
    windows_free(&w);
}

/* In a process of its own, as the kernels are chosen once. */
static int in_child(const char *kernel, uint64_t *out)
{
    int fd[2], status;
    pid_t child;

    CHECK(pipe(fd) == 0);
    if ((child = fork()) == 0) {
        setenv("WEIR_KERNEL", kernel, 1);
        whole(1 << 20, 0, 0, 0, out);
        _exit(write(fd[1], out, sizeof *out) != sizeof *out || check_failed);
    }
    close(fd[1]);
    CHECK(read(fd[0], out, sizeof *out) == sizeof *out);
    close(fd[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}

int main(void)
{
    static const char *const kernels[] = {"base", "avx2", "avx512"};
    uint64_t first, other;

    in_child("base", &first);
    for (int i = 1; i < 3; i++)
        if (kern_find(kernels[i])) {
            in_child(kernels[i], &other);
            CHECK(first == other);
        }
    for (int jobs = 1; jobs <= 4; jobs++)
        for (int k = 0; k < 4; k++) { /* in memory or spooled; at once, or looked at first */
            par_set_jobs(jobs);
            whole(k & 1 ? 0 : 1 << 20, k >> 1, 0, 0, &other);
            CHECK(first == other);
        }
    whole(1 << 20, 0, 6, 0, &other);
    CHECK(first != other);
    par_set_jobs(2);
    whole(1 << 20, 0, 2, 1, &other); /* a router of zeros: all tie */
    return DONE();
}
