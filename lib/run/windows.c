#include "run/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

static void add_window(struct windows *w, const uint32_t *ids, int64_t len)
{
    w->input = mem_resize(w->input, (size_t)(w->tokens + len), sizeof *w->input);
    w->target = mem_resize(w->target, (size_t)(w->tokens + len), sizeof *w->target);
    w->window = mem_resize(w->window, (size_t)w->n + 1, sizeof *w->window);
    memcpy(w->input + w->tokens, ids, (size_t)len * sizeof *ids);
    memset(w->target + w->tokens, 0xff, (size_t)len * sizeof *ids);
    w->window[w->n++] = (struct window){w->tokens, len};
    w->tokens += len;
    if (len > w->longest)
        w->longest = len;
}

static void add_paper(struct windows *w, const uint32_t *ids, int64_t n, int64_t ctx)
{
    for (int64_t at = 0; at < n - 1; at += ctx) {
        int64_t len = n - 1 - at < ctx ? n - 1 - at : ctx;

        add_window(w, ids + at, len);
        memcpy(w->target + w->tokens - len, ids + at + 1, (size_t)len * sizeof *ids);
    }
}

static void add_llamacpp(struct windows *w, const uint32_t *ids, int64_t n, int64_t ctx, int64_t bos)
{
    for (int64_t at = 0; at + ctx <= n; at += ctx) {
        int64_t start = w->tokens;

        add_window(w, ids + at, ctx);
        if (bos >= 0)
            w->input[start] = (uint32_t)bos;
        for (int64_t i = ctx / 2; i < ctx - 1; i++)
            w->target[start + i] = ids[at + i + 1];
    }
}

/* A window of calibration: ids [at, at + len), after bos where that is put before them. */
struct span {
    int64_t at, len, put;
};

static struct span span_next(const uint32_t *ids, int64_t n, int64_t at, int64_t ctx, int64_t bos)
{
    int64_t put = bos >= 0 && ids[at] != (uint32_t)bos, room = ctx - put;

    return (struct span){at, n - at < room ? n - at : room, put};
}

static void span_add(struct windows *w, const uint32_t *ids, struct span s, int64_t bos)
{
    uint32_t *all = mem_new((size_t)(s.len + s.put), sizeof *all);

    all[0] = (uint32_t)bos;
    memcpy(all + s.put, ids + s.at, (size_t)s.len * sizeof *ids);
    add_window(w, all, s.len + s.put);
    free(all);
}

int windows_spread(struct windows *w, const uint32_t *ids, size_t n, int64_t ctx, uint64_t most, int64_t bos,
                   struct err *e)
{
    int64_t count = (int64_t)n, whole = 0, positions = 0, i = 0, taken = 0, want;
    struct span s;

    ctx = most && most < (uint64_t)ctx ? (int64_t)most : ctx;
    if (n < 1 || (bos >= 0 && ctx < 2))
        return n < 1 ? err_set(e, "it has 0 token ids; 1 is needed")
                     : err_set(e, "windows of %lld hold no token behind bos", (long long)ctx);
    for (int64_t at = 0; at < count; at += s.len, positions += s.len + s.put) {
        s = span_next(ids, count, at, ctx, bos);
        whole += s.len + s.put == ctx;
    }
    want = !most || (uint64_t)positions <= most ? INT64_MAX : (int64_t)(most / (uint64_t)ctx);
    for (int64_t at = 0; at < count; at += s.len, i++) {
        s = span_next(ids, count, at, ctx, bos);
        if (want < whole ? taken == want || i != (int64_t)((2 * (unsigned __int128)taken + 1) * (uint64_t)whole /
                                                           (2 * (uint64_t)want))
                         : want != INT64_MAX && s.len + s.put < ctx)
            continue;
        span_add(w, ids, s, bos);
        taken++;
    }
    return 0;
}

int windows_add(struct windows *w, const uint32_t *ids, size_t n, int64_t ctx, enum protocol protocol, int64_t bos,
                struct err *e)
{
    size_t need = protocol == PROTOCOL_PAPER ? 2 : (size_t)ctx;

    if (protocol == PROTOCOL_ALL)
        return windows_spread(w, ids, n, ctx, 0, bos, e);
    if (protocol == PROTOCOL_LLAMACPP && ctx < 3)
        return err_set(e, "a context of %lld leaves nothing to score; llama.cpp's protocol needs 3", (long long)ctx);
    if (n < need)
        return err_set(e, "it has %zu token ids; %zu are needed", n, need);
    if (protocol == PROTOCOL_LLAMACPP)
        add_llamacpp(w, ids, (int64_t)n, ctx, bos);
    else
        add_paper(w, ids, (int64_t)n, ctx);
    return 0;
}

void windows_free(struct windows *w)
{
    free(w->input);
    free(w->target);
    free(w->window);
    memset(w, 0, sizeof *w);
}

uint8_t *windows_hold_out(const struct windows *w, uint64_t every)
{
    uint8_t *held = mem_new((size_t)w->tokens, 1);

    if ((uint64_t)w->n <= every / 2) {
        free(held);
        return NULL;
    }
    for (int64_t i = 0; i < w->n; i++)
        if ((uint64_t)i % every == every / 2)
            memset(held + w->window[i].start, 1, (size_t)w->window[i].len);
    return held;
}

int64_t windows_batch(const struct windows *w, int64_t first, int64_t limit)
{
    int64_t n = 1, tokens = w->window[first].len;

    while (first + n < w->n && tokens + w->window[first + n].len <= limit)
        tokens += w->window[first + n++].len;
    return n;
}

uint32_t windows_max_id(const struct windows *w)
{
    uint32_t max = 0;

    for (int64_t i = 0; i < w->tokens; i++) {
        max = w->input[i] > max ? w->input[i] : max;
        max = w->target[i] != NO_TARGET && w->target[i] > max ? w->target[i] : max;
    }
    return max;
}

static void id_add(struct tok_ids *out, uint32_t id)
{
    if (out->n == out->cap) {
        out->cap = out->cap ? 2 * out->cap : 1024;
        out->id = mem_resize(out->id, out->cap, sizeof *out->id);
    }
    out->id[out->n++] = id;
}

int ids_parse(const char *text, size_t n, uint64_t limit, struct tok_ids *out, struct err *e)
{
    static const char space[] = " \t\r\n\v\f";

    for (size_t i = 0, end; i < n; i = end) {
        uint64_t v = 0;

        for (end = i; end < n && !memchr(space, text[end], 6); end++)
            v = text[end] >= '0' && text[end] <= '9' && v < NO_TARGET ? 10 * v + (uint64_t)(text[end] - '0')
                                                                      : UINT64_MAX;
        if (v >= NO_TARGET)
            return err_set(e, "byte %zu: '%.*s' is not a token id", i, (int)(end - i < 40 ? end - i : 40), text + i);
        if (end > i && (!limit || out->n < limit))
            id_add(out, (uint32_t)v);
        end += end == i;
    }
    return 0;
}

int windows_share_parse(const char *arg, uint64_t *every, struct err *e)
{
    if (strncmp(arg, "1/", 2) == 0 && parse_u64(arg + 2, every, e) == 0 && *every >= 2)
        return 0;
    return err_set(e, "'%.40s' is no share of the windows: 1/2, 1/8 ...", arg);
}
