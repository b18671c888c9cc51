// The parameters that all low-bit products share, and the shapes of blocks that are compiled.
#pragma once
#include "gemm_mma.cuh"

namespace qr {

// A stage takes 12 or 16 KB: with these depths a block needs 48 KB, so that two run at once even on sm_86 and sm_89.
template <int A_BITS, int W_BITS>
constexpr int kStages = A_BITS == 8 && W_BITS == 4 ? 4 : 3;

/// 128 outputs x 128 tokens, four warps.
template <int A_BITS, int W_BITS>
using LargeShape = GemmShape<A_BITS, W_BITS, 2, 2, 1, 8, kStages<A_BITS, W_BITS>, false>;
/// 64 outputs x 16 tokens; the four warps take every fourth slab of K.
template <int A_BITS, int W_BITS>
using NarrowShape = GemmShape<A_BITS, W_BITS, 1, 1, 4, 2, kStages<A_BITS, W_BITS>, false>;
/// 128 outputs x 64 tokens with scales by K blocks: sums and scaled sums need twice the registers.
template <int A_BITS, int W_BITS>
using ScaledShape = GemmShape<A_BITS, W_BITS, 2, 2, 1, 4, kStages<A_BITS, W_BITS>, true>;

}  // namespace qr

// Behind the tokens: a pointer to their codes, or a tensor map of them.
#define QR_GEMM_PARAMETERS                                                                                               \
    const char *weights, const float *scale, const int *sum, const float *step, const int *zero,    \
        const float *bias, const void *gate, const void *residual, void *out, int m, int n, int token_bytes,            \
        int columns, int group, int groups, int gate_rows, int out_type, int activation

#define QR_GEMM_OPERANDS \
    qr::GemmOperands { tokens, weights, token_bytes, (n + qr::kPanel - 1) / qr::kPanel, columns, group, groups }

#define QR_GEMM_TERMS \
    qr::GemmTerms { scale, sum, step, zero, bias, gate, residual, out, m, n, gate_rows, out_type, activation }
