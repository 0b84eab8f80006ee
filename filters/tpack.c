/*
 * tpack: a stream as a checkpoint: a Hugging Face folder, a file of safetensors, GGUF, numpy, or a LoRA adapter beside
 * its base. The data lie in an unlinked file beside the target until all is known; the target appears when it is whole.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "ckpt/pack.h"

static const char *output;
static int format = -1, dense = PUT_REFUSE, list, sort;
static uint64_t max_shard;

static int set_format(const char *arg, struct err *e)
{
    format = pack_find(arg);
    return format < 0 ? err_set(e, "'%s' is no format; see --list", arg) : 0;
}

static int set_dense(const char *arg, struct err *e)
{
    char upper[16] = "";

    dense = PUT_SOURCE;
    if (!arg || strcmp(arg, "source") == 0)
        return 0;
    for (size_t i = 0; arg[i] && i < sizeof upper - 1; i++)
        upper[i] = (char)toupper((unsigned char)arg[i]);
    dense = dtype_find(upper);
    if (dense < 0 || !dtype_info((enum dtype)dense)->writes_f32)
        return err_set(e, "'%s' is none of f64 f32 f16 bf16 f8_e4m3 f8_e5m2 source", arg);
    return 0;
}

static const struct opt opts[] = {
    {'o', "output", "TARGET", OPT_STRING, &output,
     "FOLDER/, FILE.safetensors, FILE.gguf, FILE.npz, FILE.npy, or - with --format", 0},
    {'t', "format", "FORMAT", OPT_CALL, 0,
     "hf, safetensors, gguf, npz, npy, peft, imatrix, where TARGET's name does not tell; gptq, awq ...: see --list",
     set_format},
    {0, "dense", "[TYPE]", OPT_CALL, 0,
     "write quantized and factored values as f32, f16, bf16 ... (default: the source's)", set_dense},
    {0, "max-shard-size", "SIZE", OPT_SIZE, &max_shard,
     "several files of at most SIZE bytes of data: 5GB, 512M (folder, GGUF)", 0},
    {0, "sort", 0, OPT_FLAG, &sort, "GGUF: tensors in llama-quantize's order, not the stream's", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the formats and exit", 0},
    OPT_END};

static void show_list(void)
{
    for (int i = 0; i < PACK_FORMATS; i++)
        printf("%-20s %-12s %s\n", pack_formats[i].name, pack_formats[i].suffix, pack_formats[i].brief);
    finish_stdout();
    exit(0);
}

static void check_target(void)
{
    if (!output || !*output)
        die_usage("no target is named; give -o FOLDER/, -o FILE.safetensors or -o FILE.gguf");
    if (format < 0)
        format = pack_guess(output);
    if (format < 0)
        die_usage("'%s' does not tell the format; add --format hf, safetensors, gguf, npz, npy, peft or imatrix",
                  output);
    if (pack_formats[format].folder && strcmp(output, "-") == 0)
        die_usage("a folder cannot be written to standard output; use --format safetensors or gguf");
    if (sort && format != PACK_GGUF)
        die_usage("--sort is the order of a GGUF's tensors; the target is none");
    if (max_shard && ((!pack_formats[format].folder && format != PACK_GGUF) || strcmp(output, "-") == 0))
        die_usage("--max-shard-size makes several files: give -o FOLDER/ or -o FILE.gguf");
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {
        "tpack", "[OPTION]... -o TARGET", "Write the stream on standard input as a checkpoint.", opts, opt_common,
        NULL};
    struct pack pack;
    struct reader *in;
    struct item it = {0};
    struct err e;
    int got;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("'%s' is not wanted: the stream comes on standard input, the target by -o", argv[1]);
    if (list)
        show_list();
    check_target();
    if (pack_check(format, output, &e) < 0 || !(in = reader_stdin(&e)) ||
        pack_open(&pack, format, output, dense, max_shard, reader_head(in), &e) < 0)
        die("%s", e.msg);
    pack.sort = sort;
    progress_total(reader_head(in)->tensors, 0);
    while ((got = stream_next(in, &it, &e)) > 0) {
        if (pack_take(&pack, in, &it, &e) < 0)
            die("%s", e.msg);
        progress_step(it.kind == ITEM_TENSOR, 0);
    }
    progress_end();
    if (got < 0 || pack_finish(&pack, in, &e) < 0)
        die("%s", e.msg);
    item_free(&it);
    reader_close(in);
    return 0;
}
