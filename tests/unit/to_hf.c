/* to_hf: corrected values in config.json's text; to_gguf: the order of rows, and what the tail's corrections change. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/config.h"
#include "ckpt/to_gguf.h"
#include "ckpt/to_hf.h"
#include "tests/unit/check.h"

#define REST                                                                                                           \
    ",\n  \"model_type\": \"llama\", \"num_hidden_layers\": 1, \"num_attention_heads\": 4, \"intermediate_size\": 8, " \
    "\"head_dim\": 16\n}\n"
static const char config[] =
    "{\n  \"a\": {\"hidden_size\": 1},\n  \"note\": \"\\\"hidden_size\\\": 5\",\n  \"hidden_size\": 64,\n"
    "  \"rms_norm_eps\" : 1e-05,\n  \"tie_word_embeddings\": true,\n  \"x\": [1, {\"vocab_size\": 3}],\n  "
    "\"vocab_size\": 50" REST;

static char *correct(struct attrs *tail)
{
    struct buf in = {0}, out = {0};
    struct err e;
    struct attrs model = {0};
    struct json *j = json_parse(config, sizeof config - 1, 64, &e);

    buf_puts(&in, config);
    CHECK(j && config_read(j, &model, &e) == 0);
    json_free(j);
    for (int i = 0; i < tail->n; i++)
        if (tail->item[i].kind == ATTR_BOOL)
            attrs_set_bool(&model, tail->item[i].key, (int)tail->item[i].i);
        else if (tail->item[i].kind == ATTR_INT)
            attrs_set_int(&model, tail->item[i].key, tail->item[i].i);
    CHECK(config_correct(&in, &model, &out, &e) == 0);
    attrs_free(&model);
    buf_free(&in);
    buf_add(&out, "", 1);
    return (char *)out.data;
}

static void corrections(void)
{
    struct attrs tail = {0};
    char *text;

    text = correct(&tail);
    CHECK_STR(text, config);
    free(text);
    attrs_set_int(&tail, "hidden", 48);
    attrs_set_bool(&tail, "tied", 0);
    attrs_set_int(&tail, "vocab", 100);
    attrs_set_str(&tail, "note", "not a hyper-parameter");
    text = correct(&tail);
    CHECK_STR(text, "{\n  \"a\": {\"hidden_size\": 1},\n  \"note\": \"\\\"hidden_size\\\": 5\",\n"
                    "  \"hidden_size\": 48,\n  \"rms_norm_eps\" : 1e-05,\n  \"tie_word_embeddings\": false,\n"
                    "  \"x\": [1, {\"vocab_size\": 3}],\n  \"vocab_size\": 100" REST);
    free(text);
    attrs_free(&tail);
}

/* Pairs (i, i + d/2) of Hugging Face lie side by side in GGUF, head by head. */
static void rows(void)
{
    int seen[12] = {0};

    for (uint64_t r = 0; r < 12; r++)
        seen[to_gguf_row(r, 6)]++;
    for (int r = 0; r < 12; r++)
        CHECK(seen[r] == 1);
    for (uint64_t r = 0; r < 128; r++)
        CHECK(to_hf_row(to_gguf_row(r, 64), 64) == r);
    CHECK(to_gguf_row(0, 6) == 0 && to_gguf_row(3, 6) == 1 && to_gguf_row(2, 6) == 4 && to_gguf_row(7, 6) == 8);
}

static void model(struct attrs *m)
{
    attrs_set_str(m, "arch", "llama");
    attrs_set_int(m, "hidden", 8);
    attrs_set_int(m, "layers", 1);
    attrs_set_int(m, "heads", 2);
    attrs_set_int(m, "kv_heads", 1);
    attrs_set_int(m, "head_dim", 4);
    attrs_set_int(m, "intermediate", 16);
    attrs_set_int(m, "vocab", 10);
    attrs_set_int(m, "context", 32);
    attrs_set_bool(m, "tied", 1);
}

static void add(struct pile *p, const char *name, int rank, uint64_t r, uint64_t c)
{
    struct shape s = {rank, {rank == 1 ? c : r, c}};
    struct err e;
    float zero[256] = {0};

    CHECK(pile_add(p, name, &s, DT_F32, NULL, &e) == 0);
    CHECK(pile_put(p, p->n - 1, 0, zero, (rank == 1 ? 1 : r) * c * 4, &e) == 0);
}

/* Without a tokenizer the last step fails, so its sentence tells that shapes and layers were found right. */
static void tail_of_gguf(uint64_t inter, const struct attrs *tail, const char *says)
{
    struct attrs m = {0};
    struct to_gguf g;
    struct pile p;
    struct gguf_keys k = {0};
    struct err e;

    model(&m);
    CHECK(pile_open(&p, "-", &e) == 0);
    to_gguf_open(&g, &m, "name");
    add(&p, "token_embd.weight", 2, 10, 8);
    add(&p, "output_norm.weight", 1, 0, 8);
    add(&p, "blk.0.attn_norm.weight", 1, 0, 8);
    add(&p, "blk.0.ffn_norm.weight", 1, 0, 8);
    add(&p, "blk.0.attn_q.weight", 2, 8, 8);
    add(&p, "blk.0.attn_k.weight", 2, 4, 8);
    add(&p, "blk.0.attn_v.weight", 2, 4, 8);
    add(&p, "blk.0.attn_output.weight", 2, 8, 8);
    add(&p, "blk.0.ffn_gate.weight", 2, inter, 8);
    add(&p, "blk.0.ffn_up.weight", 2, inter, 8);
    add(&p, "blk.0.ffn_down.weight", 2, 8, inter);
    CHECK(to_gguf_finish(&g, tail, &p, &k, &e) < 0);
    CHECK(strstr(e.msg, says) != NULL);
    gguf_keys_free(&k);
    to_gguf_close(&g);
    pile_close(&p);
    attrs_free(&m);
}

/* A file's folders are made; one whose name would leave the folder is not. */
static void blobs(void)
{
    static const char *const bad[] = {"../evil", "/tmp/evil", "a/../../evil", "", "a//b", "a/.", "config.json/x/.."};
    const char *tmp = getenv("TMPDIR");
    char *base = mem_printf("%s/to_hf.XXXXXX", tmp ? tmp : "/tmp"), *folder;
    struct attrs none = {0};
    struct to_hf t;
    struct err e;
    char *path;

    CHECK(mkdtemp(base) != NULL);
    folder = mem_printf("%s/in", base);
    CHECK(mkdir(folder, 0777) == 0);
    to_hf_open(&t, folder, &none);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(to_hf_blob(&t, bad[i], "x", 1, &e) < 0 && strstr(e.msg, "no path of plain file names"));
    CHECK(rmdir(folder) == 0 && mkdir(folder, 0777) == 0); /* nothing was made */
    CHECK(to_hf_blob(&t, "1_Pooling/a/b.json", "x", 1, &e) == 0 && to_hf_blob(&t, "1_Pooling/a/c", "y", 1, &e) == 0);
    CHECK(to_hf_blob(&t, "1_Pooling/a/c", "y", 1, &e) < 0 && to_hf_blob(&t, "1_Pooling/a/c/d", "y", 1, &e) < 0);
    path = mem_printf("%s/1_Pooling/a/b.json", folder);
    CHECK(access(path, R_OK) == 0);
    free(path);
    path = mem_printf("rm -r '%s'", base);
    CHECK(system(path) == 0);
    free(path);
    free(folder);
    free(base);
    to_hf_close(&t);
}

int main(void)
{
    struct attrs none = {0}, tail = {0};

    corrections();
    rows();
    blobs();
    tail_of_gguf(16, &none, "neither tokenizer.model nor tokenizer.json");
    tail_of_gguf(12, &none, "blk.0.ffn_gate.weight is [12, 8], the hyper-parameters say [16, 8]");
    attrs_set_int(&tail, "intermediate", 12);
    tail_of_gguf(12, &tail, "neither tokenizer.model nor tokenizer.json");
    attrs_set_int(&tail, "layers", 2);
    tail_of_gguf(12, &tail, "blk.1.attn_norm.weight is missing");
    attrs_free(&tail);
    return DONE();
}
