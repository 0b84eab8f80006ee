/*
 * gemm for one element type. Included by gemm.c with
 *   ELEM    float or double           X(name)  the name with the type's prefix
 *   K_MR, K_NR, K_TILE                the fields of struct kern
 *   VEC, QUAD, X(turn)                16 bytes of it, how many they are, and QUAD x QUAD of them turned: to[j * r + i]
 *   = from[i * row + j]
 *
 * C is cut into tasks of at most mb x nb, computed by one thread each. A task walks k in blocks; packs nb columns of B
 * into panels [k][nr]; packs A, mc rows at a time, into panels [k][mr]; runs the micro-kernel over all pairs of panels.
 * Short panels are padded with zeros, and their tiles go through a buffer of which the real part is stored. No size
 * here shows in the result.
 */
/* Panels whose elements lie side by side in src. Some panels at a time, so that a row of src is read in longer runs
 * than a panel's. */
static void X(pack_across)(const ELEM *src, size_t col, size_t rows, size_t k, size_t r, ELEM *out)
{
    for (size_t done = 0; done < rows; done += RUN * r) {
        size_t end = rows - done < RUN * r ? rows : done + RUN * r;

        for (size_t q = 0; q < k; q++)
            for (size_t at = done; at < end; at += r) {
                const ELEM *from = src + q * col + at;
                ELEM *to = out + at * k + q * r;
                size_t l = 0, real = end - at < r ? end - at : r;

                for (; l + QUAD <= real; l += QUAD)
                    *(VEC *)(to + l) = *(const VEC *)(from + l);
                for (; l < real; l++)
                    to[l] = from[l];
            }
    }
}

/* A panel whose elements lie along k in src. */
static void X(pack_along)(const ELEM *src, size_t row, size_t real, size_t k, size_t r, ELEM *out)
{
    size_t l = 0;

    for (; l + QUAD <= real; l += QUAD) {
        size_t q = 0;

        for (; q + QUAD <= k; q += QUAD)
            X(turn)(src + l * row + q, row, out + q * r + l, r);
        for (; q < k; q++)
            for (size_t i = l; i < l + QUAD; i++)
                out[q * r + i] = src[i * row + q];
    }
    for (; l < real; l++)
        for (size_t q = 0; q < k; q++)
            out[q * r + l] = src[l * row + q];
}

void X(gemm_pack)(const ELEM *src, struct axes x, size_t rows, size_t k, size_t r, ELEM *out)
{
    size_t whole = rows / r * r;

    if (whole < rows)
        memset(out + whole * k, 0, k * r * sizeof *out);
    if (x.row == 1)
        X(pack_across)(src, x.col, rows, k, r, out);
    else
        for (size_t at = 0; at < rows; at += r)
            X(pack_along)(src + at * x.row, x.row, rows - at < r ? rows - at : r, k, r, out + at * k);
}

/* Store the part of a tile at (i, j) that is inside C, and on or above the diagonal when only that is wanted. */
static void X(store_part)(const struct X(gemm_job) * w, const ELEM *tile, size_t nr, size_t i, size_t j, size_t rows,
                          size_t cols, enum kern_store how)
{
    for (size_t r = 0; r < rows; r++) {
        ELEM *c = w->c + (i + r) * w->ldc + j;
        size_t q = w->upper && i + r > j ? i + r - j : 0;

        for (; q < cols; q++)
            c[q] = how == KERN_SET   ? tile[r * nr + q]
                   : how == KERN_ADD ? c[q] + tile[r * nr + q]
                                     : c[q] - tile[r * nr + q];
    }
}

static void X(tile)(const struct X(gemm_job) * w, const struct kern *kn, size_t k, const ELEM *a, const ELEM *b,
                    size_t i, size_t j, size_t rows, size_t cols, enum kern_store how)
{
    ELEM tile[TILE_MAX];
    size_t mr = (size_t)kn->K_MR, nr = (size_t)kn->K_NR;

    if (w->upper && j + cols <= i)
        return;
    if (rows >= mr && cols >= nr && !(w->upper && j < i + mr)) {
        kn->K_TILE(k, a, b, w->c + i * w->ldc + j, w->ldc, how);
        return;
    }
    kn->K_TILE(k, a, b, tile, nr, KERN_SET);
    X(store_part)(w, tile, nr, i, j, rows < mr ? rows : mr, cols < nr ? cols : nr, how);
}

/* All tiles of rows i0 .. i0+rows against the packed columns j0 .. j0+cols. */
static void X(tiles)(const struct X(gemm_job) * w, const struct kern *kn, size_t k, const ELEM *pa, const ELEM *pb,
                     size_t i0, size_t rows, size_t j0, size_t cols, enum kern_store how)
{
    size_t mr = (size_t)kn->K_MR, nr = (size_t)kn->K_NR;

    for (size_t j = 0; j < cols; j += nr)
        for (size_t i = 0; i < rows; i += mr)
            X(tile)(w, kn, k, pa + i * k, pb + j * k, i0 + i, j0 + j, rows - i, cols - j, how);
}

void X(gemm_block)(const struct X(gemm_job) * w, const struct kern *kn, size_t i0, size_t j0, size_t rows, size_t cols)
{
    size_t kc = w->k < GEMM_BLOCK ? w->k : GEMM_BLOCK;
    size_t b_elems = kc * round_up(cols, (size_t)kn->K_NR);
    size_t a_elems = kc * round_up(rows < PACK_ROWS ? rows : PACK_ROWS, (size_t)kn->K_MR);
    ELEM *pb, *pa;
    void *room = mem_resize(NULL, (b_elems + a_elems) * sizeof *pb + 64, 1);

    pb = (ELEM *)round_up((uintptr_t)room, 64); /* both panels' rows then begin on cache lines */
    pa = pb + b_elems;
    for (size_t p = 0; p < w->k; p += GEMM_BLOCK) {
        size_t k = w->k - p < GEMM_BLOCK ? w->k - p : GEMM_BLOCK;
        enum kern_store how = p > 0 && w->how == KERN_SET ? KERN_ADD : w->how;

        X(gemm_pack)(w->B + j0 * w->b.row + p * w->b.col, w->b, cols, k, (size_t)kn->K_NR, pb);
        for (size_t i = 0; i < rows; i += PACK_ROWS) {
            size_t some = rows - i < PACK_ROWS ? rows - i : PACK_ROWS;

            X(gemm_pack)(w->A + (i0 + i) * w->a.row + p * w->a.col, w->a, some, k, (size_t)kn->K_MR, pa);
            X(tiles)(w, kn, k, pa, pb, i0 + i, some, j0, cols, how);
        }
    }
    free(room);
}

static void X(task)(void *ctx, size_t t)
{
    const struct X(gemm_job) *w = ctx;
    size_t i0 = t / w->tasks_n * w->mb, j0 = t % w->tasks_n * w->nb;
    size_t rows = w->m - i0 < w->mb ? w->m - i0 : w->mb, cols = w->n - j0 < w->nb ? w->n - j0 : w->nb;

    if (!w->upper || j0 + cols > i0)
        la_engine->X(gemm)(w, i0, j0, rows, cols);
}

/* Cut C into tasks: large ones for little packing, at least four a thread when the work is worth a thread at all. */
static void X(run)(struct X(gemm_job) * w)
{
    size_t want = par_jobs() > 1 && (double)w->m * w->n * w->k > WORTH_THREADS ? 4 * (size_t)par_jobs() : 1;

    w->mb = la_engine->rows;
    w->nb = la_engine->cols;
    while (count_of(w->m, w->mb) * count_of(w->n, w->nb) < want && (w->mb > 48 || w->nb > 96))
        if (w->nb > w->mb)
            w->nb /= 2;
        else
            w->mb /= 2;
    w->nb = round_up(w->nb, 48);
    w->tasks_n = count_of(w->n, w->nb);
    if (w->k == 0 && w->how == KERN_SET)
        for (size_t i = 0; i < w->m; i++)
            memset(w->c + i * w->ldc, 0, w->n * sizeof *w->c);
    else if (want == 1)
        for (size_t t = 0; t < count_of(w->m, w->mb) * w->tasks_n; t++)
            X(task)(w, t);
    else
        par_for(count_of(w->m, w->mb) * w->tasks_n, X(task), w);
}

void X(gemm_nt)(size_t m, size_t n, size_t k, const ELEM *A, size_t lda, const ELEM *B, size_t ldb, ELEM *C, size_t ldc,
                enum kern_store how)
{
    X(run)
    (&(struct X(gemm_job)){
        .m = m, .n = n, .k = k, .a = {lda, 1}, .b = {ldb, 1}, .A = A, .B = B, .c = C, .ldc = ldc, .how = how});
}

void X(gemm_nn)(size_t m, size_t n, size_t k, const ELEM *A, size_t lda, const ELEM *B, size_t ldb, ELEM *C, size_t ldc,
                enum kern_store how)
{
    X(run)
    (&(struct X(gemm_job)){
        .m = m, .n = n, .k = k, .a = {lda, 1}, .b = {1, ldb}, .A = A, .B = B, .c = C, .ldc = ldc, .how = how});
}

void X(gemm_tn)(size_t m, size_t n, size_t k, const ELEM *A, size_t lda, const ELEM *B, size_t ldb, ELEM *C, size_t ldc,
                enum kern_store how)
{
    X(run)
    (&(struct X(gemm_job)){
        .m = m, .n = n, .k = k, .a = {1, lda}, .b = {1, ldb}, .A = A, .B = B, .c = C, .ldc = ldc, .how = how});
}
