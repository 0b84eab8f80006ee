/* block32: the loops of block32.h. Included by isa_body.h only. */
#define BLOCK32_INLINE static inline __attribute__((always_inline))

/* The value of largest magnitude, the first of equals; 0 in a block of zeros. Magnitudes compare as their bits. */
BLOCK32_INLINE float extreme32(const float *x)
{
    int32_t most = 0;
    float m;

    for (int j = 0; j < 32; j++) {
        int32_t a = (int32_t)(bits_of(x[j]) & 0x7fffffff);

        most = a > most ? a : most;
    }
    m = float_of((uint32_t)most);
    if (m == 0)
        return 0;
    int plus = 0, minus = 0;
    for (int j = 0; j < 32; j++) {
        plus |= x[j] == m;
        minus |= x[j] == -m;
    }
    if (plus && minus)
        for (int j = 0; j < 32; j++)
            if (x[j] == m || x[j] == -m)
                return x[j];
    return plus ? m : -m;
}

/* The codes come from the scale as it is in f32, before it is rounded to a half. */
BLOCK32_INLINE void sym_plain(int nmax, const float *x, uint64_t blocks, uint8_t *out)
{
    for (uint64_t b = 0; b < blocks; b++, x += 32) {
        float d = extreme32(x) / (float)-nmax, id = d != 0 ? 1.0f / d : 0.0f;
        uint8_t q[32];

        for (int j = 0; j < 32; j++) {
            int c = (int8_t)(int)(x[j] * id + ((float)nmax + 0.5f));

            q[j] = (uint8_t)(c > 2 * nmax - 1 ? 2 * nmax - 1 : c);
        }
        out = block32_put(out, d, 0, 0, nmax > 8, q);
    }
}

BLOCK32_INLINE void asym_plain(int nmax, const float *x, uint64_t blocks, uint8_t *out)
{
    for (uint64_t b = 0; b < blocks; b++, x += 32) {
        float min = x[0], max = x[0];
        uint8_t q[32];

        for (int j = 1; j < 32; j++) {
            min = x[j] < min ? x[j] : min;
            max = x[j] > max ? x[j] : max;
        }
        float d = (max - min) / (float)nmax, id = d != 0 ? 1.0f / d : 0.0f;
        for (int j = 0; j < 32; j++) {
            int c = (int8_t)(int)((x[j] - min) * id + 0.5f);

            q[j] = (uint8_t)(c > nmax ? nmax : c);
        }
        out = block32_put(out, d, min, 1, nmax > 15, q);
    }
}

/* One at a time for each type, so that its constants are known to the compiler. */
static void sym_plain_8(const float *x, uint64_t blocks, uint8_t *out)
{
    sym_plain(8, x, blocks, out);
}

static void sym_plain_16(const float *x, uint64_t blocks, uint8_t *out)
{
    sym_plain(16, x, blocks, out);
}

static void asym_plain_15(const float *x, uint64_t blocks, uint8_t *out)
{
    asym_plain(15, x, blocks, out);
}

static void asym_plain_31(const float *x, uint64_t blocks, uint8_t *out)
{
    asym_plain(31, x, blocks, out);
}

/* LANES blocks of one row, element i of block l at x[i][l]; lanes past count are zero. */
struct row_batch {
    lanes x[32], w[32], q[32], scale, low;
};

/* Weights importance * sqrt(mean square of the row + x^2). */
static void gather_row(struct row_batch *b, const float *x, const float *importance, float sigma2, int count)
{
    memset(b, 0, sizeof *b);
    for (int l = 0; l < count; l++)
        for (int i = 0; i < 32; i++) {
            ((float *)b->x)[i * LANES + l] = x[l * 32 + i];
            ((float *)b->w)[i * LANES + l] = importance[l * 32 + i];
        }
    for (int i = 0; i < 32; i++)
        b->w[i] = b->w[i] * lanes_sqrt(lanes_all(sigma2) + b->x[i] * b->x[i]);
}

static float square_mean(const float *x, uint64_t n)
{
    float sum = 0;

    for (uint64_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum / (float)n;
}

static uint8_t *scatter_row(const struct row_batch *b, int count, int asym, int five, uint8_t *out)
{
    for (int l = 0; l < count; l++) {
        uint8_t q[32];

        for (int i = 0; i < 32; i++)
            q[i] = (uint8_t)b->q[i][l];
        out = block32_put(out, b->scale[l], -b->low[l], asym, five, q);
    }
    return out;
}

/* With importance: one search a block. */
static void searched(int nmax, int asym, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                     uint8_t *out)
{
    struct fit_grid grid = {nmax, -0.9f, 0.05f, 36, 0};
    int five = asym ? nmax > 15 : nmax > 8;
    struct row_batch b;

    for (uint64_t r = 0; r < rows; r++, x += cols) {
        float sigma2 = square_mean(x, cols);

        for (uint64_t c = 0; c < cols; c += 32 * LANES) {
            int n = cols - c < 32 * LANES ? (int)((cols - c) / 32) : LANES;

            gather_row(&b, x + c, importance + c, sigma2, n);
            if (asym)
                fit_asym(b.x, b.w, 32, &grid, b.q, &b.scale, &b.low);
            else
                fit_sym(b.x, b.w, 32, nmax, b.q, &b.scale);
            out = scatter_row(&b, n, asym, five, out);
        }
    }
}

static void encode_sym32(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    if (importance)
        searched(nmax, 0, x, importance, rows, cols, out);
    else if (nmax == 8)
        sym_plain_8(x, rows * cols / 32, out);
    else
        sym_plain_16(x, rows * cols / 32, out);
}

static void encode_asym32(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    if (importance)
        searched(nmax, 1, x, importance, rows, cols, out);
    else if (nmax == 15)
        asym_plain_15(x, rows * cols / 32, out);
    else
        asym_plain_31(x, rows * cols / 32, out);
}
