/*
 * The micro-kernel of matrix multiplication, for one element type. Included by kern_body.h with
 *   ELEM   float or double        GEMM  the function's name
 *   LANES  elements in a vector   MR, NV  rows, and vectors in a row, of the tile that lives in registers
 *
 * C[MR][NV*LANES] (=, +=, -=) A'B for packed A[k][MR] and B[k][NV*LANES]: each output is one chain
 * ((a0 b0 + a1 b1) + a2 b2) + ..., then one addition to C. Vectors run across outputs, so LANES, MR and NV never show
 * in the result.
 */
typedef ELEM VEC __attribute__((vector_size(LANES * sizeof(ELEM)), aligned(sizeof(ELEM)), may_alias));

static void GEMM(size_t k, const ELEM *restrict a, const ELEM *restrict b, ELEM *restrict c, size_t ldc,
                 enum kern_store how)
{
    VEC sum[MR][NV] = {{{0}}};

    for (size_t p = 0; p < k; p++, a += MR, b += NV * LANES) {
        VEC row[NV];

        UNROLL
        for (int j = 0; j < NV; j++)
            row[j] = *(const VEC *)(b + j * LANES);
        UNROLL
        for (int i = 0; i < MR; i++)
            UNROLL
        for (int j = 0; j < NV; j++)
            sum[i][j] += a[i] * row[j];
    }
    UNROLL
    for (int i = 0; i < MR; i++)
        UNROLL
    for (int j = 0; j < NV; j++) {
        VEC *at = (VEC *)(c + i * ldc + j * LANES);

        if (how == KERN_SET)
            *at = sum[i][j];
        else
            *at = how == KERN_ADD ? *at + sum[i][j] : *at - sum[i][j];
    }
}
#undef ELEM
#undef GEMM
#undef LANES
#undef MR
#undef NV
#undef VEC
