#include "ckpt/quantized_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

#define CONFIG_DEPTH 64
#define TAKERS 3

static const struct method {
    const char *name;
    quantized_taker *take[TAKERS];
} methods[] = {{"fp8", {quantized_grid}},
               {"fbgemm_fp8", {quantized_grid}},
               {"modelopt", {quantized_fp4, quantized_grid}},
               {"modelopt_fp4", {quantized_fp4, quantized_grid}},
               {"compressed-tensors", {quantized_packed, quantized_fp4, quantized_grid}},
               {"gptq", {quantized_gptq}},
               {"awq", {quantized_awq}},
               {"bitsandbytes", {quantized_bnb}},
               {"mxfp4", {quantized_mxfp4}}};

/* Files that tell of a method, and the members that do; what a place belongs to that need not name it. */
enum { CONFIG, HF_QUANT, GPTQ_OWN, AWQ_OWN, FILES };
static const char *const files[FILES] = {"config.json", "hf_quant_config.json", "quantize_config.json",
                                         "quant_config.json"};
static const struct place {
    int file;
    const char *member, *method;
} places[] = {{CONFIG, "quantization_config", NULL},
              {CONFIG, "compression_config", "compressed-tensors"},
              {HF_QUANT, "quantization", "modelopt"},
              {GPTQ_OWN, NULL, "gptq"},
              {AWQ_OWN, NULL, "awq"},
              {CONFIG, "quantization", "mlx"}};

/* Endings of names that only quantizers make, and whose they are; what must be beside a tensor that is not told by its
 * name alone. */
static const struct sign {
    const char *end, *with, *method;
} signs[] = {{"_scale_inv", NULL, "fp8"},
             {".weight_packed", NULL, "compressed-tensors"},
             {".weight_scale", NULL, "compressed-tensors, fbgemm_fp8 or modelopt"},
             {".qweight", NULL, "gptq or awq"},
             {".SCB", NULL, "bitsandbytes"},
             {".quant_map", NULL, "bitsandbytes"},
             {".absmax", NULL, "bitsandbytes"},
             {"_blocks", "_scales", "mxfp4"},
             {".codebooks", NULL, "aqlm"},
             {".W_q", NULL, "hqq"},
             {".scales", ".biases", "mlx"}};

/* What belongs to activations, and formats of kernels: no weight needs them. */
static const char no_weights[] =
    "*.input_scale,*.output_scale,*.q_scale,*.k_scale,*.v_scale,*.kv_scale,*.prob_scale,*.input_scale_ub,"
    "*.activation_scale,*.input_global_scale,*.input_zero_point,*.output_zero_point,*.k_zero_point,*.v_zero_point,"
    "*.weight_format";

static int find_blob(const struct source *s, const char *name)
{
    for (int i = 0; i < s->blobs; i++)
        if (strcmp(s->blob[i].name, name) == 0)
            return i;
    return -1;
}

/* Those of the files that are there, as trees. */
static int read_files(const struct source *s, struct json *file[FILES], struct err *e)
{
    int rc = 0;

    for (int i = 0; i < FILES && rc == 0; i++) {
        int blob = find_blob(s, files[i]);
        struct buf text = {0};

        if (blob >= 0 && (rc = source_blob(s, blob, &text, e)) == 0 &&
            !(file[i] = json_parse(text.data, text.len, CONFIG_DEPTH, e)))
            rc = err_in(e, "%s", files[i]);
        buf_free(&text);
    }
    return rc;
}

/* The first place that tells of a method, or NULL. */
static const struct json *find_config(struct json *const file[FILES], const struct place **at)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct json *all = file[places[i].file], *got = places[i].member ? json_get(all, places[i].member) : all;

        *at = &places[i];
        if (got && got->kind == JSON_OBJECT)
            return got;
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct quantized_name *)a)->name, ((const struct quantized_name *)b)->name);
}

static void list_names(struct quantized *q)
{
    q->by_name = mem_new(q->s->tensors + 1, sizeof *q->by_name);
    q->gone = mem_new(q->s->tensors + 1, 1);
    for (size_t i = 0; i < q->s->tensors; i++)
        q->by_name[i] = (struct quantized_name){mem_strdup(q->s->tensor[i].name), i};
    qsort(q->by_name, q->s->tensors, sizeof *q->by_name, by_name);
}

static struct quantized_name *find_name(const struct quantized *q, const char *name, size_t n, const char *end)
{
    struct quantized_name want = {mem_printf("%.*s%s", (int)n, name, end), 0}, *hit;

    hit = bsearch(&want, q->by_name, q->s->tensors, sizeof want, by_name);
    free(want.name);
    return hit;
}

struct file_tensor *quantized_beside(struct quantized *q, const char *name, size_t n, const char *end)
{
    struct quantized_name *hit = find_name(q, name, n, end);

    if (!hit)
        return NULL;
    q->gone[hit->at] = 1;
    return &q->s->tensor[hit->at];
}

size_t quantized_base(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0 ? n - m : 0;
}

/* The first tensor that is left and shows a method, and whose it is. */
static const struct file_tensor *find_sign(const struct quantized *q, const char **method)
{
    for (size_t i = 0; i < q->s->tensors; i++)
        for (size_t k = 0; k < sizeof signs / sizeof *signs && !q->gone[i]; k++) {
            const char *name = q->s->tensor[i].name;
            size_t n = quantized_base(name, signs[k].end);

            *method = signs[k].method;
            if (n && (!signs[k].with || find_name(q, name, n, signs[k].with)))
                return &q->s->tensor[i];
        }
    return NULL;
}

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; name && i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static int take_tensor(struct quantized *q, const struct method *m, struct file_tensor *t, struct err *e)
{
    int got = 0;

    for (int k = 0; k < TAKERS && m->take[k] && got == 0; k++)
        got = m->take[k](q, t, e);
    return got < 0 ? err_in(e, "%s", t->name) : 0;
}

/* Leave out what is gone. */
static void drop_tensors(struct quantized *q)
{
    struct source *s = q->s;
    size_t n = 0;

    for (size_t i = 0; i < s->tensors; i++)
        if (q->gone[i])
            free(s->tensor[i].name);
        else
            s->tensor[n++] = s->tensor[i];
    s->tensors = n;
}

static int take_all(struct quantized *q, const struct method *m, struct err *e)
{
    const char *whose;
    const struct file_tensor *t;

    for (size_t i = 0; i < q->s->tensors; i++)
        if (!q->gone[i] && take_tensor(q, m, &q->s->tensor[i], e) < 0)
            return -1;
    for (size_t i = 0; i < q->s->tensors; i++)
        q->gone[i] |= (uint8_t)glob_match_list(no_weights, q->s->tensor[i].name);
    t = find_sign(q, &whose);
    if (t)
        return err_set(e, "%s: a tensor of a quantized weight that %s does not explain", t->name, m->name);
    drop_tensors(q);
    return 0;
}

static void drop_blob(struct source *s, int k)
{
    free(s->blob[k].name);
    free(s->blob[k].path);
    buf_free(&s->blob[k].data);
    memmove(&s->blob[k], &s->blob[k + 1], (size_t)(--s->blobs - k) * sizeof *s->blob);
}

/* From now on the source says nothing of a quantizer: config.json loses its members, and files of its own go. */
static int forget(struct source *s, struct err *e)
{
    int config = find_blob(s, files[CONFIG]);
    struct buf text = {0};

    if (config >= 0) {
        if (source_blob(s, config, &text, e) < 0)
            return -1;
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
            if (places[i].file == CONFIG)
                quantized_drop_member(&text, places[i].member);
        free(s->blob[config].path);
        buf_free(&s->blob[config].data);
        s->blob[config].path = NULL;
        s->blob[config].data = text;
    }
    for (int i = CONFIG + 1; i < FILES; i++)
        if (find_blob(s, files[i]) >= 0)
            drop_blob(s, find_blob(s, files[i]));
    return 0;
}

/* The model's own type of floats: config.json's dtype, or torch_dtype as it was called. */
static enum dtype model_type(const struct json *config)
{
    const char *t = json_str(config, "dtype", json_str(config, "torch_dtype", ""));

    return strcmp(t, "float32") == 0 ? DT_F32 : strcmp(t, "float16") == 0 ? DT_F16 : DT_BF16;
}

static int by_config(struct quantized *q, const struct place *at, struct err *e)
{
    const struct method *m = find_method(q->method);

    if (!m)
        return err_set(e, "%s: the weights are quantized by %s (%s), which is not read here", files[at->file],
                       q->method ? q->method : "a method without a name", at->member ? at->member : files[at->file]);
    return take_all(q, m, e) < 0 ? -1 : forget(q->s, e);
}

static int take(struct quantized *q, struct json *const file[FILES], struct err *e)
{
    const struct place *at;
    const struct file_tensor *t;

    q->config = find_config(file, &at);
    q->method = json_str(q->config, "quant_method", at->method);
    q->dense = model_type(file[CONFIG]);
    if (q->config)
        return by_config(q, at, e);
    t = find_sign(q, &q->method);
    return t ? err_set(e,
                       "%s: a tensor of a quantized checkpoint (%s), and no quantization_config beside it says how its "
                       "weights were made",
                       t->name, q->method)
             : 0;
}

int quantized_take(struct source *s, struct err *e)
{
    struct quantized q = {.s = s};
    struct json *file[FILES] = {NULL};
    size_t n = s->tensors;
    int rc;

    list_names(&q);
    rc = read_files(s, file, e) < 0 ? -1 : take(&q, file, e);
    for (size_t i = 0; i < n; i++)
        free(q.by_name[i].name);
    for (int i = 0; i < FILES; i++)
        json_free(file[i]);
    free(q.by_name);
    free(q.gone);
    return rc;
}
