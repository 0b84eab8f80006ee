/*
 * A block of a product by OpenBLAS, for one element type. Included by fast.c with X(name) as gemm_body.h has it, and
 * BLAS_GEMM, the field of blas.
 */
static void X(fast_part)(const struct X(gemm_job) * w, size_t i0, size_t j0, size_t rows, size_t cols)
{
    blas_int lda, ldb, ta = lies(w->a, rows, w->k, &lda), tb = lies(w->b, cols, w->k, &ldb);

    blas.BLAS_GEMM(ROWS, ta, tb == PLAIN ? TRANSPOSED : PLAIN, (blas_int)rows, (blas_int)cols, (blas_int)w->k,
                   w->how == KERN_SUB ? -1 : 1, w->A + i0 * w->a.row, lda, w->B + j0 * w->b.row, ldb,
                   w->how != KERN_SET, w->c + i0 * w->ldc + j0, (blas_int)w->ldc);
}

/* Of a block that the diagonal cuts: stripes of rows, what is at the diagonal by the own kernels, which leave out what
 * is below. */
static void X(fast_gemm)(const struct X(gemm_job) * w, size_t i0, size_t j0, size_t rows, size_t cols)
{
    const size_t stripe = 96;

    if (!w->upper || j0 + 1 >= i0 + rows) {
        X(fast_part)(w, i0, j0, rows, cols);
        return;
    }
    for (size_t i = i0; i < i0 + rows && i < j0 + cols; i += stripe) {
        size_t some = i0 + rows - i < stripe ? i0 + rows - i : stripe, from = i > j0 ? i : j0, end = j0 + cols;
        size_t right = i + some < from ? from : i + some < end ? i + some : end;

        if (right > from)
            X(gemm_block)(w, kern_get(), i, from, some, right - from);
        if (end > right)
            X(fast_part)(w, i, right, some, end - right);
    }
}
