#include "run/fold.h"

#include <stdio.h>
#include <string.h>

static const char *const maker_of[TAPS] = {[TAP_ATTN] = "norm.attn", [TAP_O] = "attn.v", [TAP_MLP] = "norm.mlp", [TAP_DOWN] = "mlp.up"};

static int find(const struct bundle *b, int n, const char *role)
{
    for (int i = 0; i < n; i++)
        if (b[i].role && strcmp(b[i].role, role) == 0)
            return i;
    return -1;
}

static int find_bias(const struct bundle *b, int n, const char *role)
{
    char name[64];

    snprintf(name, sizeof name, "%s.bias", role);
    return find(b, n, name);
}

/* The linears that see a tap. */
static void add_consumers(const struct block_kind *k, const struct bundle *b, int n, struct fold *f)
{
    for (int i = 0; i < n; i++) {
        int is_bias = 0, slot = b[i].role ? block_slot(k, b[i].role, &is_bias) : -1;

        if (slot >= 0 && !is_bias && k->slots[slot].tap == f->tap && f->consumers < FOLD_CONSUMERS)
            f->consumer[f->consumers++] = i;
    }
}

int fold_find(const struct block_kind *k, const struct bundle *b, int n, struct fold out[TAPS])
{
    int gated = find(b, n, "mlp.gate") >= 0, found = 0;

    for (int tap = 0; tap < TAPS; tap++) {
        struct fold f = {.tap = (enum tap)tap, .bias = -1};
        uint64_t channels;

        if (!maker_of[tap] || (tap == TAP_DOWN && !gated) || (f.maker = find(b, n, maker_of[tap])) < 0)
            continue;
        add_consumers(k, b, n, &f);
        channels = b[f.maker].shape.rank > 1 ? b[f.maker].rows : b[f.maker].cols;
        if (!f.consumers || b[f.consumer[0]].cols != channels) /* heads that share values: a channel would need several scales */
            continue;
        f.bias = find_bias(b, n, maker_of[tap]);
        out[found++] = f;
    }
    return found;
}
