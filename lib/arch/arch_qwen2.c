/* arch_qwen2: Qwen2 and Qwen2.5: Llama's shape and names, with biases on q, k and v (found by their tensors). */
#include "arch/arch_config.h"

static const char *const types[] = {"qwen2", NULL};

static int from_config(const struct json *c, struct attrs *m, struct err *e)
{
    if (config_transformer(c, m, 32768, e) < 0 || config_rope(c, m, e) < 0)
        return -1;
    if (json_bool(c, "use_sliding_window", 0))
        attrs_set_str(m, "unsupported", "sliding window attention");
    return 0;
}

const struct arch arch_qwen2 = {.name = "qwen2", .types = types, .prefixes = arch_llama_prefixes, .names = arch_llama_names,
                                .from_config = from_config, .block = &block_llama, .keys = arch_llama_keys,
                                .buffers = ARCH_LLAMA_BUFFERS};
