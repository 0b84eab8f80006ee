#include "ckpt/pack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file/npy.h"
#include "file/shards.h"
#include "ckpt/foretell.h"
#include "ckpt/names.h"

const struct pack_format pack_formats[PACK_FORMATS] = {
    [PACK_HF] = {"hf", "/", "Hugging Face folder: model.safetensors and the files beside it", 1},
    [PACK_SAFETENSORS] = {"safetensors", ".safetensors", "one file of tensors", 0},
    [PACK_GGUF] = {"gguf", ".gguf", "GGUF version 3 for llama.cpp, from a Llama, Qwen2 or GPT-2", 0},
    [PACK_NPZ] = {"npz", ".npz", "numpy's arrays in a zip", 0},
    [PACK_NPY] = {"npy", ".npy", "numpy's array, of a stream of one tensor", 0},
    [PACK_PEFT] = {"peft", "", "peft's folder: low-rank terms as a LoRA adapter, and base/, the rest as hf", 1},
    [PACK_IMATRIX] = {"imatrix", ".dat",
                      "norm2 of each tensor as llama.cpp's importance matrix: GGUF, or the old kind as FILE.dat", 0},
    [PACK_GPTQ] = {"gptq", "", "folder with quantized linears: GPTQ, zeros less one", 1, &quantizer_gptq},
    [PACK_GPTQ_V2] = {"gptq_v2", "", "the same, zeros as they are", 1, &quantizer_gptq_v2},
    [PACK_AWQ] = {"awq", "", "AWQ, gemm", 1, &quantizer_awq},
    [PACK_CT] = {"compressed-tensors", "", "whatever of the next five holds each weight but int-quantized", 1,
                 &quantizer_ct},
    [PACK_CT_PACK] = {"pack-quantized", "", "compressed-tensors: int2 to int8", 1, &quantizer_ct_pack},
    [PACK_CT_INT] = {"int-quantized", "", "compressed-tensors: int8, inputs quantized to 8 bits as they come", 1,
                     &quantizer_ct_int},
    [PACK_CT_FLOAT] = {"float-quantized", "", "compressed-tensors: fp8, inputs likewise", 1, &quantizer_ct_float},
    [PACK_CT_NVFP4] = {"nvfp4-pack-quantized", "", "compressed-tensors: fp4 with short scales", 1, &quantizer_ct_nvfp4},
    [PACK_CT_MXFP4] = {"mxfp4-pack-quantized", "", "compressed-tensors: fp4 with powers of two", 1,
                       &quantizer_ct_mxfp4},
    [PACK_FP8] = {"fp8", "", "fp8 in blocks of 128 by 128, as DeepSeek has it", 1, &quantizer_fp8},
    [PACK_MXFP4] = {"mxfp4", "", "experts in fp4 with powers of two, as GPT-OSS has them", 1, &quantizer_mxfp4}};

int pack_find(const char *name)
{
    for (int i = 0; i < PACK_FORMATS; i++)
        if (strcmp(name, pack_formats[i].name) == 0)
            return i;
    return -1;
}

int pack_guess(const char *path)
{
    size_t len = strlen(path);
    struct stat st;

    for (int i = 0; i < PACK_FORMATS; i++) {
        size_t n = strlen(pack_formats[i].suffix);

        if (n && len > n && strcmp(path + len - n, pack_formats[i].suffix) == 0)
            return i;
    }
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? PACK_HF : -1;
}

int pack_check(int format, const char *path, struct err *e)
{
    return pack_formats[format].folder ? target_check_dir(path, e) : target_check_file(path, e);
}

/* The folder of a model: the target, or base/ in it beside the adapter. */
static int open_folder(struct pack *p, const struct attrs *model, struct err *e)
{
    char *base = mem_printf("%s%s", target_dir(p->target), p->format == PACK_PEFT ? "/base" : "");
    int rc = 0;

    if (p->format == PACK_PEFT && mkdir(base, 0777) < 0)
        rc = err_errno(e, "cannot make the folder base");
    to_hf_open(&p->hf, base, model);
    if (rc == 0 && p->format == PACK_PEFT)
        rc = to_peft_open(&p->peft, target_dir(p->target), p->path, model, e);
    free(base);
    return rc;
}

int pack_open(struct pack *p, int format, const char *path, int dense, uint64_t max_shard, const struct head *head,
              struct err *e)
{
    int folder = pack_formats[format].folder, rc;
    char *beside;

    memset(p, 0, sizeof *p);
    p->format = format;
    p->dense = dense;
    p->max_shard = max_shard;
    p->path = mem_strdup(path);
    p->pile.fd = -1;
    if (format == PACK_NPY && head->tensors > 1)
        return err_set(e, "%llu tensors; an .npy holds one: choose it with tcat --only, or write an .npz",
                       (unsigned long long)head->tensors);
    if (format != PACK_IMATRIX && foretell_check(head, pack_formats[format].name,
                                                 pack_formats[format].quantizer != NULL, dense != PUT_REFUSE, e) < 0)
        return -1;
    if (format == PACK_GGUF || format == PACK_IMATRIX)
        to_gguf_open(&p->gguf, &head->model, attrs_str(&head->more, "name", NULL));
    if (format == PACK_GGUF || format == PACK_IMATRIX)
        attrs_copy(&p->gguf.noted, &head->more);
    if (!(p->target = folder ? target_open_dir(path, e) : target_open(path, e)))
        return -1;
    if (!folder)
        to_hf_open(&p->hf, "", &head->model);
    else if (open_folder(p, &head->model, e) < 0)
        return -1;
    to_quantized_open(&p->quantized, pack_formats[format].quantizer, &p->pile, &p->hf);
    beside = folder ? mem_printf("%s/data", target_dir(p->target)) : mem_strdup(path);
    rc = pile_open(&p->pile, beside, e);
    free(beside);
    return rc;
}

static int take_gguf(struct pack *p, struct reader *in, struct bundle *b, struct err *e)
{
    struct put_how how = {
        .dense = p->dense,
        .blocks = 1,
        .refusal = "which GGUF does not hold: quantize to one of its types (wquant -t q4_K), or add --dense=f16"};
    struct gguf_place place;

    if (to_gguf_place(&p->gguf, b, &place, e) < 0)
        return -1;
    if (place.skip)
        return 0;
    how.name = place.name;
    how.to_f32 = place.to_f32;
    how.row = place.head_dim ? to_gguf_row : NULL;
    how.row_arg = place.head_dim;
    how.view = place.part ? &place.view : NULL;
    how.stored = &place.stored;
    how.add = place.add;
    return put_bundle(&p->pile, in, b, &how, e);
}

static int numpy_holds(enum dtype t)
{
    return npy_type(t) != NULL;
}

static int is_folder(const struct pack *p)
{
    return pack_formats[p->format].folder;
}

static int take_plain(struct pack *p, struct reader *in, struct bundle *b, struct err *e)
{
    struct put_how how = {.dense = p->dense,
                          .refusal = "which safetensors does not hold: add --dense, or write a GGUF"};
    struct hf_place place = {0};
    int numpy = p->format == PACK_NPZ || p->format == PACK_NPY, rc = 0;

    if (p->format == PACK_PEFT)
        rc = to_peft_take(&p->peft, in, b, e);
    if (rc == 0 && (is_folder(p) ||
                    !names_gguf(b->name))) /* in a bare file GGUF's names stay, and the order of rows that they mean */
        rc = to_hf_place(&p->hf, b, &place, e);
    if (numpy) {
        how.holds = numpy_holds;
        how.refusal = "which numpy does not hold: add --dense, or --dense=f16";
    }
    if (pack_formats[p->format].quantizer)
        how.refusal = "which the format does not hold: add --dense, or quantize to what it holds (tpack --list)";
    how.name = place.name;
    how.view = place.part ? &place.view : NULL;
    how.stored = &place.stored;
    how.add = place.add;
    how.row = place.head_dim ? to_hf_row : NULL;
    how.row_arg = place.head_dim;
    if (rc == 0 && !place.skip)
        rc = to_quantized_take(&p->quantized, in, b, &place, p->dense != PUT_REFUSE, e);
    if (rc == 0 && !place.skip) {
        dtype_key_see(&p->hf.types, b);
        rc = put_bundle(&p->pile, in, b, &how, e);
    }
    free(place.name);
    return rc < 0 ? -1 : 0;
}

/* Files beside the weights come before them: what a GGUF cannot do without must be there by now. */
static int begin_tensors(struct pack *p, struct err *e)
{
    struct gguf_keys trial = {0};
    int rc = 0;

    if (!p->begun && p->format == PACK_GGUF && !p->gguf.has_from)
        rc = to_gguf_ready(&p->gguf, e) < 0 ? -1 : to_gguf_tokenizer(&p->gguf, &trial, e);
    gguf_keys_free(&trial);
    p->begun = 1;
    return rc;
}

static int take_blob(struct pack *p, struct reader *in, struct item *it, struct err *e)
{
    struct buf data = {0};
    int rc = item_load(in, it, &data, e);

    if (rc == 0 && !is_folder(p))
        rc = to_gguf_blob(&p->gguf, it->name, data.data, data.len, e);
    if (rc == 0 && is_folder(p))
        rc = to_hf_blob(&p->hf, it->name, data.data, data.len, e);
    buf_free(&data);
    return rc;
}

static int take_imatrix(struct pack *p, struct reader *in, struct bundle *b, struct err *e)
{
    return bundle_load_companions(in, b, e) < 0 ? -1 : imatrix_take(&p->imatrix, &p->gguf, b, e);
}

int pack_take(struct pack *p, struct reader *in, struct item *it, struct err *e)
{
    if (it->kind == ITEM_TENSOR && p->format == PACK_IMATRIX)
        return take_imatrix(p, in, &it->b, e);
    if (it->kind == ITEM_TENSOR && begin_tensors(p, e) < 0)
        return -1;
    if (it->kind == ITEM_TENSOR)
        return p->format == PACK_GGUF ? take_gguf(p, in, &it->b, e) : take_plain(p, in, &it->b, e);
    return it->kind == ITEM_BLOB && (is_folder(p) || p->format == PACK_GGUF || p->format == PACK_IMATRIX)
               ? take_blob(p, in, it, e)
               : 0;
}

/* In one file, the target, or in parts beside it, whereupon the target is not made. */
static int write_parts(struct pack *p, const struct gguf_keys *keys, struct err *e)
{
    size_t *of = mem_new(p->pile.n + 1, sizeof *of), n = p->max_shard ? shards_plan(&p->pile, p->max_shard, 0, of) : 1;
    int rc;

    if (n > 1) {
        target_abort(p->target);
        p->target = NULL;
        rc = shards_gguf(&p->pile, of, n, keys, p->path, e);
    } else {
        rc = gguf_write(&p->pile, keys, target_fd(p->target), e);
    }
    free(of);
    return rc;
}

static int write_gguf(struct pack *p, const struct attrs *tail, struct err *e)
{
    struct gguf_keys keys = {0};
    int rc = to_gguf_finish(&p->gguf, tail, &p->pile, &keys, e);

    if (p->sort)
        to_gguf_sort(&p->pile);
    if (rc == 0)
        rc = write_parts(p, &keys, e);
    gguf_keys_free(&keys);
    return rc;
}

static int write_imatrix(struct pack *p, struct err *e)
{
    size_t n = strlen(p->path);

    imatrix_noted(&p->imatrix, &p->gguf.noted);
    return imatrix_write(&p->imatrix, n > 4 && strcmp(p->path + n - 4, ".dat") == 0, target_fd(p->target), e);
}

static int write_all(struct pack *p, const struct attrs *meta, const struct attrs *tail, struct err *e)
{
    if (p->format == PACK_PEFT && to_peft_finish(&p->peft, e) < 0)
        return -1;
    if (pack_formats[p->format].quantizer) {
        dtype_key_correct(&p->hf.types, &p->pile, &p->hf.config);
        if (to_quantized_config(&p->quantized, &p->hf.config, e) < 0)
            return -1;
    }
    if (is_folder(p))
        return to_hf_finish(&p->hf, meta, tail, &p->pile, p->max_shard, e);
    switch (p->format) {
    case PACK_GGUF:
        return write_gguf(p, tail, e);
    case PACK_IMATRIX:
        return write_imatrix(p, e);
    case PACK_NPZ:
        return npz_write(&p->pile, target_fd(p->target), e);
    case PACK_NPY:
        return npy_write(&p->pile, target_fd(p->target), e);
    default:
        return safetensors_write(&p->pile, meta, target_fd(p->target), e);
    }
}

int pack_finish(struct pack *p, const struct reader *in, struct err *e)
{
    int rc = write_all(p, &reader_head(in)->meta, reader_tail_model(in), e);

    pile_close(&p->pile);
    to_gguf_close(&p->gguf);
    imatrix_free(&p->imatrix);
    to_quantized_close(&p->quantized);
    to_hf_close(&p->hf);
    if (p->format == PACK_PEFT)
        to_peft_close(&p->peft);
    free(p->path);
    if (!p->target)
        return rc;
    if (rc < 0)
        target_abort(p->target);
    return rc < 0 ? -1 : target_commit(p->target, e);
}
