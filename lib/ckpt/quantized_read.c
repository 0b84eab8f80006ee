#include "ckpt/quantized_read.h"

#include <stdlib.h>
#include <string.h>

/* n bytes of a tensor of the file; where the file says no such bytes, what was checked when the value was made was
 * wrong. */
static int fetch(const struct source *s, const struct file_tensor *t, uint64_t at, void *out, uint64_t n, struct err *e)
{
    if (at > t->bytes || n > t->bytes - at)
        return err_set(e, "%llu bytes at %llu of a tensor of %llu", (unsigned long long)n, (unsigned long long)at,
                       (unsigned long long)t->bytes);
    return source_read(s, t, at, out, (size_t)n, e);
}

/* Which of the file's rows has row r of the stack. */
static uint64_t file_row(const struct value_part *p, uint64_t r)
{
    uint64_t each;

    if (!p->matrix)
        return r / p->every;
    each = p->matrix / p->every + (p->matrix % p->every != 0);
    return r / p->matrix * each + r % p->matrix / p->every;
}

int read_rows(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out, struct err *e)
{
    if (p->every == 1 && p->stride == p->row_bytes)
        return fetch(s, &p->from, row * p->stride, out, n * p->row_bytes, e);
    for (uint64_t i = 0; i < n; i++, out += p->row_bytes) {
        if (i && file_row(p, row + i) == file_row(p, row + i - 1))
            memcpy(out, out - p->row_bytes, p->row_bytes);
        else if (fetch(s, &p->from, file_row(p, row + i) * p->stride, out, p->row_bytes, e) < 0)
            return -1;
    }
    return 0;
}

int read_added(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
               struct err *e)
{
    if (read_rows(s, p, row, n, out, e) < 0)
        return -1;
    for (uint64_t i = 0; i < n * p->row_bytes; i++)
        out[i] = (uint8_t)(out[i] + p->add);
    return 0;
}

int read_swapped(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
                 struct err *e)
{
    if (read_rows(s, p, row, n, out, e) < 0)
        return -1;
    for (uint64_t i = 0; i < n * p->row_bytes; i++)
        out[i] = (uint8_t)(out[i] << 4 | out[i] >> 4);
    return 0;
}

int read_data(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out, struct err *e)
{
    (void)s, (void)row, (void)e;
    for (uint64_t i = 0; i < n; i++)
        memcpy(out + i * p->data.len, p->data.data, p->data.len);
    return 0;
}

int read_columns(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
                 struct err *e)
{
    uint64_t outputs = p->from.shape.dim[1], size = p->stride, k = p->from.shape.dim[0];
    uint8_t *strip = mem_new((size_t)(n * size) + 1, 1);
    int rc = 0;

    for (uint64_t i = 0; i < k && rc == 0; i++) {
        uint64_t at = i * size, m = at >= p->row_bytes ? 0 : p->row_bytes - at < size ? p->row_bytes - at : size;

        rc = fetch(s, &p->from, (i * outputs + row) * size, strip, n * size, e);
        for (uint64_t r = 0; r < n && rc == 0; r++)
            memcpy(out + r * p->row_bytes + at, strip + r * size, (size_t)m);
    }
    free(strip);
    return rc;
}

/* The code that begins with bit `at`; codes are packed LSB first. */
static unsigned code_of(const uint8_t *data, uint64_t at, int bits)
{
    unsigned v = data[at / 8] >> at % 8;

    if (at % 8 + (unsigned)bits > 8)
        v |= (unsigned)data[at / 8 + 1] << (8 - at % 8);
    return v & ((1u << bits) - 1);
}

int read_zeros(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
               struct err *e)
{
    uint64_t groups = p->cols, bits = (uint64_t)p->bits;
    uint64_t from = row * bits / 8, bytes = ((row + n) * bits + 7) / 8 - from;
    uint8_t *strip = mem_new((size_t)bytes + 1, 1);
    int rc = 0;

    for (uint64_t g = 0; g < groups && rc == 0; g++) {
        rc = fetch(s, &p->from, g * p->stride + from, strip, bytes, e);
        for (uint64_t r = 0; r < n && rc == 0; r++)
            out[r * groups + g] =
                (uint8_t)((code_of(strip, (row + r) * bits - from * 8, p->bits) + p->add) & ((1u << bits) - 1));
    }
    free(strip);
    return rc;
}

int read_zero_words(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
                    struct err *e)
{
    uint64_t groups = p->cols, bits = (uint64_t)p->bits;
    uint64_t w0 = row * bits / 32, words = ((row + n) * bits + 31) / 32 - w0;
    uint8_t *have = mem_new((size_t)(words * groups * 4) + 1, 1), *line = mem_new((size_t)words * 4 + 1, 1);
    int rc = fetch(s, &p->from, w0 * groups * 4, have, words * groups * 4, e);

    for (uint64_t g = 0; g < groups && rc == 0; g++) {
        for (uint64_t w = 0; w < words; w++)
            memcpy(line + 4 * w, have + (w * groups + g) * 4, 4);
        for (uint64_t r = 0; r < n; r++)
            out[r * groups + g] = (uint8_t)code_of(line, (row + r) * bits - w0 * 32, p->bits);
    }
    free(have);
    free(line);
    return rc;
}

/* Where column j of eight lies in a word of AWQ. */
static unsigned awq_code(const uint8_t *words, uint64_t j)
{
    static const uint8_t place[8] = {0, 4, 1, 5, 2, 6, 3, 7};
    unsigned at = place[j % 8];

    return words[j / 8 * 4 + at / 2] >> at % 2 * 4 & 15;
}

/* For each of the file's rows i the codes of outputs [row, row + n), given to put. */
static int awq_each(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
                    void (*put)(const struct value_part *p, uint8_t *out, uint64_t r, uint64_t i, unsigned code),
                    struct err *e)
{
    uint64_t w0 = row / 8, words = (row + n + 7) / 8 - w0;
    uint8_t *strip = mem_new((size_t)words * 4 + 1, 1);
    int rc = 0;

    for (uint64_t i = 0; i < p->from.shape.dim[0] && rc == 0; i++) {
        rc = fetch(s, &p->from, i * p->stride + w0 * 4, strip, words * 4, e);
        for (uint64_t r = 0; r < n && rc == 0; r++)
            put(p, out, r, i, awq_code(strip, row + r - w0 * 8));
    }
    free(strip);
    return rc;
}

static void put_nibble(const struct value_part *p, uint8_t *out, uint64_t r, uint64_t i, unsigned code)
{
    out[r * p->row_bytes + i / 2] |= (uint8_t)(code << i % 2 * 4);
}

static void put_byte(const struct value_part *p, uint8_t *out, uint64_t r, uint64_t i, unsigned code)
{
    out[r * p->row_bytes + i] = (uint8_t)code;
}

int read_awq(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out, struct err *e)
{
    memset(out, 0, (size_t)(n * p->row_bytes));
    return awq_each(s, p, row, n, out, put_nibble, e);
}

int read_awq_zeros(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
                   struct err *e)
{
    return awq_each(s, p, row, n, out, put_byte, e);
}

/* Scales [i0, i0 + n) of bitsandbytes: floats, or codes that a table and scales of their own stand for. */
static int absmax(const struct source *s, const struct value_part *p, uint64_t i0, uint64_t n, float *out,
                  struct err *e)
{
    uint64_t g0 = i0 / p->nested, outers = (i0 + n - 1) / p->nested + 1 - g0;
    float *outer;
    uint8_t *code;
    int rc;

    if (p->from.dtype == DT_F32)
        return fetch(s, &p->from, i0 * 4, out, n * 4, e);
    outer = mem_new((size_t)outers, sizeof *outer);
    code = mem_new((size_t)n, 1);
    rc = fetch(s, &p->from, i0, code, n, e) < 0 || fetch(s, &p->with, g0 * 4, outer, outers * 4, e) < 0 ? -1 : 0;
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        float v;

        memcpy(&v, p->data.data + 4 * (size_t)code[i], 4);
        v *= outer[(i0 + i) / p->nested - g0];
        out[i] = v + p->offset;
    }
    free(outer);
    free(code);
    return rc;
}

int read_absmax(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
                struct err *e)
{
    uint64_t from = (row)*p->cols, count = n * p->cols, block0, blocks;
    float *v;
    int rc;

    if (count == 0)
        return 0;
    block0 = from * p->group / p->every;
    blocks = ((from + count - 1) * p->group) / p->every + 1 - block0;
    v = mem_new((size_t)blocks, sizeof *v);
    rc = absmax(s, p, block0, blocks, v, e);
    for (uint64_t i = 0; i < count && rc == 0; i++)
        memcpy(out + 4 * i, &v[(from + i) * p->group / p->every - block0], 4);
    free(v);
    return rc;
}
