/* walk: steps with names resolved: values, guards, phases; and what a page that cannot be run is refused with. */
#include "tests/unit/check.h"

#include "arch/walk.h"

static struct err e;

#define HEAD                                                                                                           \
    "arch toy\ngguf -\nnumber\n  hidden hidden - = 8\n  layers layers - = 2\n  experts - - = 4\neach\n  moe - - = i "  \
    "== 1\n"                                                                                                           \
    "weight\n  embed [experts, hidden]\n  norm.attn [hidden]\n  attn.q [hidden, hidden]\n  attn.k [hidden, hidden] "   \
    "if moe\n"                                                                                                         \
    "  moe.router [experts, hidden]\n  moe.up [experts, hidden, hidden]\n  head [experts, hidden]\n  attn.sink "       \
    "[hidden]\n"                                                                                                       \
    "before\n  x = embed embed\n"

static int open_page(struct model *m, const char *text, const char *file)
{
    struct attrs head = {0};
    const struct arch *a;
    int rc;

    CHECK(arch_add(text, strlen(text), file, &a, &e) == 0 || !puts(e.msg));
    attrs_set_str(&head, "arch", "toy");
    attrs_set_str(&head, "page", text);
    attrs_set_int(&head, "layers", 2);
    rc = model_open(m, &head, &e);
    attrs_free(&head);
    return rc;
}

static void refused(const char *steps, int64_t layer, const char *why)
{
    static char text[4096];
    struct model m;
    struct walk w;

    snprintf(text, sizeof text, "%s%s", HEAD, steps);
    CHECK(open_page(&m, text, "toy.arch") == 0);
    CHECK(walk_layer(&m, layer, &w, &e) < 0);
    if (!strstr(e.msg, why))
        printf("%s\n", e.msg);
    CHECK(strstr(e.msg, why) != NULL && strstr(e.msg, ".arch:") != NULL);
    model_close(&m);
}

static void test_refused(void)
{
    refused("attention\n  n = conv1d x norm.attn\n", 0, "op 'conv1d' is not one that runs here");
    refused("attention\n  n = rmsnorm x norm.attn eps=1 taps=4\n", 0, "rmsnorm has no attribute taps");
    refused("attention\n  n = rmsnorm x eps=1\n", 0, "rmsnorm takes 2 inputs, 1 are given");
    refused("attention\n  n = rope x norm.attn base=1 dims=2\n", 0, "rope takes 1 inputs, 2 are given");
    refused("attention\n  n = add x y\n", 0, "y is no value that an earlier step made");
    refused("attention\n  n = linear x attn.k\n", 0, "attn.k is read, but layer 0 does not have it");
    refused("attention\n  n = attention x x x sink=attn.sink window=attn.sink\n", 0,
            "attention takes no weight as window");
    refused("mlp\n  d = linear x moe.up\n", 0,
            "moe.up is a matrix for each expert, but does not stand between scatter and gather");
    refused("mlp\n  r = linear x moe.router\n  r = route r top=1\n  m = scatter x r\n", 0,
            "no gather follows this scatter");
    refused("mlp\n  r = linear x moe.router\n  m = scatter x r\n", 0, "scatter needs what route made, r is not");
    refused("mlp\n  r = linear x moe.router\n  r = route r top=1\n  m = scatter x r\n  m = add m x\n", 0,
            "x is a value of all tokens");
    refused("mlp\n  r = linear x moe.router\n  r = route r top=1\n  m = scatter x r\n  m = linear m attn.q\n", 0,
            "attn.q is one matrix");
}

static void test_steps(void)
{
    struct model m;
    struct walk w;

    CHECK(open_page(&m,
                    HEAD "attention\n  n = rmsnorm x norm.attn eps=1e-5\n  q = linear n attn.q\n  q = linear n attn.k "
                         "if moe\n  x = add x q\n"
                         "mlp\n  r = linear x moe.router if moe\n  r = route r top=2 if moe\n  m = scatter x r if "
                         "moe\n  d = linear m moe.up if moe\n"
                         "  d = gather d r if moe\n  x = add x d if moe\nafter\n  y = linear x head\n",
                    "steps.arch") == 0);
    CHECK(walk_layer(&m, 0, &w, &e) == 0);
    CHECK(w.steps == 3 && w.values == 4 && w.route == -1 && w.x == 3 && w.middle == 3);
    CHECK(w.step[2].op == WALK_add && w.step[2].in[0] == 0 && w.step[2].in[1] == 2 && w.value[0].last == 2);
    CHECK_STR(w.step[1].weight->role, "attn.q");
    walk_free(&w);
    CHECK(walk_layer(&m, 1, &w, &e) == 0);
    CHECK(w.steps == 10 && w.middle == 4 && w.x == 10 && w.route == 5);
    CHECK(w.step[3].in[1] == 3); /* the newer q */
    CHECK(w.step[5].phase == 0 && w.step[6].phase == 1 && w.step[7].phase == 1 && w.step[8].phase == 2 &&
          w.step[9].phase == 2);
    CHECK(w.value[7].expert && w.value[8].expert && !w.value[9].expert);
    CHECK(walk_reads(&w, "moe.up") == 7 && walk_reads(&w, "head") == -1);
    walk_free(&w);
    CHECK(walk_before(&m, &w, &e) == 0 && w.steps == 1 && w.x == 1 && w.y == -1);
    walk_free(&w);
    CHECK(walk_after(&m, &w, &e) == 0 && w.steps == 1 && w.step[0].in[0] == 0 && w.y == 1);
    walk_free(&w);
    model_close(&m);
}

/* A step that came from another page is told by that page's file and line. */
static void test_inherited(void)
{
    const char *base = arch_find("llama")->text, *at = strstr(base, "  g = linear m mlp.gate");
    char want[64];
    int line = 1;
    struct model m;
    struct walk w;

    for (const char *c = base; c < at; c++)
        line += *c == '\n';
    snprintf(want, sizeof want, "llama.arch:%d: ", line);
    CHECK(open_page(
              &m,
              "arch toy\nhf toy Toy\nlike llama\nnumber\n  hidden x - = 8\n  heads x - = 2\n  intermediate x - = 8\n"
              "  vocab x - = 8\nweight\n  mlp.gate none\n",
              "heir.arch") == 0);
    CHECK(walk_layer(&m, 0, &w, &e) < 0);
    CHECK_STR(strncmp(e.msg, want, strlen(want)) ? e.msg : want, want);
    model_close(&m);
}

int main(void)
{
    test_steps();
    test_inherited();
    test_refused();
    return DONE();
}
