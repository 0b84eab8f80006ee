#include "ckpt/quantized.h"

#include <stdlib.h>
#include <string.h>

#include "record/json.h"

#define CONFIG_DEPTH 64

/* Files that tell of a method, and the member that does; of those that need not name it, what they belong to. */
static const struct place {
    const char *file, *member, *method;
} places[] = {{"config.json", "quantization_config", NULL},
              {"config.json", "compression_config", "compressed-tensors"},
              {"hf_quant_config.json", "quantization", "modelopt"},
              {"quantize_config.json", NULL, "gptq"},
              {"quant_config.json", NULL, "awq"},
              {"config.json", "quantization", "mlx"}};

/* Endings of names that only quantizers make, and whose they are. */
static const struct sign {
    const char *end, *method;
} signs[] = {{".weight_scale_inv", "fp8"},
             {".weight_packed", "compressed-tensors"},
             {".weight_scale", "compressed-tensors, fbgemm_fp8 or modelopt"},
             {".qweight", "gptq or awq"},
             {".SCB", "bitsandbytes"},
             {".quant_map", "bitsandbytes"},
             {".absmax", "bitsandbytes"},
             {"_blocks", "mxfp4"},
             {".codebooks", "aqlm"},
             {".W_q", "hqq"},
             {".scales", "mlx"}};

static const struct file_blob *find_blob(const struct source *s, const char *name, int *index)
{
    for (*index = 0; *index < s->blobs; ++*index)
        if (strcmp(s->blob[*index].name, name) == 0)
            return &s->blob[*index];
    return NULL;
}

/* The first place that tells of a method; *all is the tree that holds it, for json_free. NULL where none does. */
static const struct json *find_config(const struct source *s, const struct place **at, struct json **all)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct buf text = {0};
        struct err e;
        int blob;

        *at = &places[i];
        *all = find_blob(s, places[i].file, &blob) && source_blob(s, blob, &text, &e) == 0
                   ? json_parse(text.data, text.len, CONFIG_DEPTH, &e) : NULL; /* one that is no JSON is refused where it is read */
        buf_free(&text);
        const struct json *got = places[i].member ? json_get(*all, places[i].member) : *all;
        if (got && got->kind == JSON_OBJECT)
            return got;
        json_free(*all);
        *all = NULL;
    }
    return NULL;
}

static int ends(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0;
}

/* A tensor beside those of sign g that must be there too, or NULL: "_blocks" and ".scales" alone are not enough to go by. */
static const char *companion(const struct sign *g)
{
    return strcmp(g->end, "_blocks") == 0 ? "_scales" : strcmp(g->end, ".scales") == 0 ? ".biases" : NULL;
}

static int is_there(const struct source *s, const struct file_tensor *t, const char *end, const char *other)
{
    char *name = mem_printf("%.*s%s", (int)(strlen(t->name) - strlen(end)), t->name, other);
    int hit = 0;

    for (size_t i = 0; i < s->tensors && !hit; i++)
        hit = strcmp(s->tensor[i].name, name) == 0;
    free(name);
    return hit;
}

/* The first tensor that shows a method, and whose it is. */
static const struct file_tensor *find_sign(const struct source *s, const char **method)
{
    for (size_t i = 0; i < s->tensors; i++)
        for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
            const char *with = companion(&signs[k]);

            *method = signs[k].method;
            if (ends(s->tensor[i].name, signs[k].end) && (!with || is_there(s, &s->tensor[i], signs[k].end, with)))
                return &s->tensor[i];
        }
    return NULL;
}

int quantized_take(struct source *s, struct err *e)
{
    const struct place *at;
    struct json *all = NULL;
    const struct json *config = find_config(s, &at, &all);
    const char *method = config ? json_str(config, "quant_method", at->method) : NULL;
    const struct file_tensor *t = config ? NULL : find_sign(s, &method);
    int rc = 0;

    if (config)
        rc = err_set(e, "%s: the weights are quantized by %s (%s), which is not read here", at->file, method ? method : "a method without a name",
                     at->member ? at->member : at->file);
    else if (t)
        rc = err_set(e, "%s: a tensor of a quantized checkpoint (%s), and no quantization_config beside it says how its weights were made", t->name,
                     method);
    json_free(all);
    return rc;
}
