// The low-bit product by mma.sync, for every chip from sm_80 on: a multistage cp.async pipeline over slabs of K.
//
// A block computes 64 WARPS_N outputs of 8 TILES_T WARPS_T tokens; a warp 64 outputs of 8 TILES_T tokens, and with
// WARPS_K > 1 only every WARPS_K-th slab (few tokens: all warps of a block stream weights, sums are added at the end).
#pragma once
#include "gemm_epilogue.cuh"
#include "gemm_layout.cuh"
#include "ptx.cuh"

namespace qr {

/// Operands: tokens s8 [M, K] or s4 [M, K / 2] in rows of `token_bytes`, packed weights of `panels` panels whose columns
/// are padded to `columns`; `group` columns, a multiple of 64, share one of `groups` scales (scaled products only).
struct GemmOperands {
    const char* tokens;
    const char* weights;
    int token_bytes;
    int panels;
    int columns;
    int group, groups;
};

template <int A_BITS_, int W_BITS_, int WARPS_N_, int WARPS_T_, int WARPS_K_, int TILES_T_, int STAGES_, bool SCALED_>
struct GemmShape {
    static constexpr int A_BITS = A_BITS_, W_BITS = W_BITS_, STAGES = STAGES_;
    static constexpr int WARPS_N = WARPS_N_, WARPS_T = WARPS_T_, WARPS_K = WARPS_K_, TILES_T = TILES_T_;
    static constexpr bool SCALED = SCALED_;
    static constexpr int THREADS = 32 * WARPS_N * WARPS_T * WARPS_K;
    static constexpr int OUTS = kPanel * WARPS_N;
    static constexpr int TOKENS = 8 * TILES_T * WARPS_T;
    static constexpr int COLUMNS = kSlabBytes * 8 / A_BITS;
    static constexpr int PANEL_BYTES = kPanel * COLUMNS * W_BITS / 8;
    static constexpr int SLAB_BYTES = WARPS_N * PANEL_BYTES + TOKENS * kSlabBytes;
    static constexpr int STAGE_BYTES = WARPS_K * SLAB_BYTES;
    /// s4 weights are widened to sixteen times their value.
    static constexpr int SHIFT = A_BITS == 8 && W_BITS == 4 ? 4 : 0;
    /// Steps of 64 columns in a slab, after each of which a scaled group may end.
    static constexpr int STEPS = COLUMNS / 64;
    using Store = StoreShape<WARPS_K == 1 ? 32 : THREADS, 16, TILES_T / 2, WARPS_K, SCALED>;
};

/// Issues the copies of one stage: `slab` is its first slab. What lies outside the operands is filled with zeros.
template <class S>
QR_INLINE void copyStage(const GemmOperands& o, char* stage, int slab, int panel, int token, int m) {
    int thread = threadIdx.x;
#pragma unroll
    for (int k = 0; k < S::WARPS_K; k++) {
        char* weights = stage + k * S::SLAB_BYTES;
        bool inside = (slab + k) * S::COLUMNS < o.columns;
        constexpr int CHUNKS = S::PANEL_BYTES / 16;
#pragma unroll
        for (int i = 0; i < S::WARPS_N * CHUNKS / S::THREADS; i++) {
            int chunk = i * S::THREADS + thread;
            int p = panel + chunk / CHUNKS;
            bool valid = inside && p < o.panels;
            size_t at = static_cast<size_t>(p) * (o.columns / S::COLUMNS) + slab + k;
            const char* from = o.weights + (valid ? at * S::PANEL_BYTES + chunk % CHUNKS * 16 : 0);
            copyAsync16(weights + chunk * 16, from, valid);
        }
        char* tokens = weights + S::WARPS_N * S::PANEL_BYTES;
        constexpr int PIECES = S::TOKENS * 4;
#pragma unroll
        for (int i = 0; i < (PIECES + S::THREADS - 1) / S::THREADS; i++) {
            int piece = i * S::THREADS + thread;
            int row = piece / 4, chunk = piece % 4;
            int at = (slab + k) * kSlabBytes + chunk * 16;
            bool valid = token + row < m && at < o.token_bytes;
            const char* from = o.tokens + (valid ? static_cast<size_t>(token + row) * o.token_bytes + at : 0);
            if (PIECES % S::THREADS == 0 || piece < PIECES) {
                copyAsync16(tokens + tokenOffset<S::A_BITS>(row, chunk), from, valid);
            }
        }
    }
    commitCopies();
}

/// One step of 64 columns: `weights` is the warp's panel of the slab, `tokens` its rows of the slab.
template <class S>
QR_INLINE void multiply(const char* weights, const char* tokens, int step, int (&c)[4][S::TILES_T][4]) {
    int lane = threadIdx.x & 31, g = lane >> 2, t = lane & 3;
    if constexpr (S::A_BITS == 4) {
        u32 a[4][4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            load16(a[i], weights + (step * 4 + i) * kUnitBytes + lane * 16);
        }
#pragma unroll
        for (int j = 0; j < S::TILES_T; j += 2) {
            // Lanes 0..7 address chunk 2 step of tile j, 8..15 the next chunk, 16..31 the same of tile j + 1.
            u32 b[4];
            int row = (j + (lane >> 4)) * 8 + (lane & 7);
            loadMatrix4(b, tokens + tokenOffset<4>(row, step * 2 + (lane >> 3 & 1)));
            u32 low[2] = {b[0], b[1]}, high[2] = {b[2], b[3]};
#pragma unroll
            for (int i = 0; i < 4; i++) {
                mmaS4(c[i][j], a[i], low);
                mmaS4(c[i][j + 1], a[i], high);
            }
        }
    } else {
        u32 packed[4][4];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            u32 a[4][4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                if constexpr (S::W_BITS == 4) {
                    if (half == 0) {
                        load16(packed[i], weights + i * kUnitBytes + lane * 16);
                    }
                    widen(packed[i][half * 2], a[i][0], a[i][2]);
                    widen(packed[i][half * 2 + 1], a[i][1], a[i][3]);
                } else {
                    load16(a[i], weights + (half * 4 + i) * kUnitBytes + lane * 16);
                }
            }
#pragma unroll
            for (int j = 0; j < S::TILES_T; j++) {
                const char* row = tokens + tokenOffset<8>(j * 8 + g, half * 2 + (t >> 1));
                u32 b[2];
                load8(b, row + (t & 1) * 8);
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    mmaS8(c[i][j], a[i], b);
                }
            }
        }
    }
}

/// Scales and sums of one group of columns for the tokens of a thread, read while the group is multiplied.
template <class S>
struct GroupTerms {
    float scale[S::TILES_T][2];
    int total[S::TILES_T][2];

    QR_INLINE void fetch(const GemmTerms& t, int token, int group, int groups) {
#pragma unroll
        for (int j = 0; j < S::TILES_T; j++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                int row = token + j * 8 + (threadIdx.x & 3) * 2 + h;
                size_t at = static_cast<size_t>(row < t.m ? row : 0) * groups + group;
                scale[j][h] = t.scale[at];
                total[j][h] = t.sum[at];
            }
        }
    }
};

/// Adds the sums of a finished group, scaled, to `y` and clears them.
template <class S>
QR_INLINE void addScaled(const GroupTerms<S>& terms, const int (&zero)[4][2], int (&c)[4][S::TILES_T][4], float (&y)[4][S::TILES_T][4]) {
#pragma unroll
    for (int j = 0; j < S::TILES_T; j++) {
#pragma unroll
        for (int h = 0; h < 2; h++) {
            float scale = terms.scale[j][h];
            int total = terms.total[j][h];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int low = (c[i][j][h] >> S::SHIFT) - zero[i][0] * total;
                int high = (c[i][j][h + 2] >> S::SHIFT) - zero[i][1] * total;
                y[i][j][h] = fmaf(static_cast<float>(low), scale, y[i][j][h]);
                y[i][j][h + 2] = fmaf(static_cast<float>(high), scale, y[i][j][h + 2]);
                c[i][j][h] = 0;
                c[i][j][h + 2] = 0;
            }
        }
    }
}

/// Stores a warp's (or with WARPS_K > 1 the block's) sums by way of shared memory, 16 tokens at a time.
template <class S>
QR_INLINE void store(Storing<typename S::Store>& storing, char* shared, const int (&c)[4][S::TILES_T][4]) {
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    int* mine = reinterpret_cast<int*>(shared) + warp * S::Store::TOKENS * kStagePitch;
    storing.store(
        S::WARPS_K > 1 ? reinterpret_cast<int*>(shared) : mine,
        [&](int part) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                stage(mine, i * 16 + (lane >> 2), (lane & 3) * 2, c[i][part * 2]);
                stage(mine, i * 16 + (lane >> 2), (lane & 3) * 2 + 8, c[i][part * 2 + 1]);
            }
        },
        [] {
            if (S::WARPS_K > 1) {
                __syncthreads();
            } else {
                __syncwarp();
            }
        });
}

template <class S>
QR_INLINE void gemm(const GemmOperands& o, const GemmTerms& t, char* shared) {
    int warp = threadIdx.x >> 5;
    int warp_k = warp % S::WARPS_K, warp_n = warp / S::WARPS_K % S::WARPS_N, warp_t = warp / S::WARPS_K / S::WARPS_N;
    int token_tiles = (t.m + S::TOKENS - 1) / S::TOKENS, out_tiles = (t.n + S::OUTS - 1) / S::OUTS;
    int token_tile, out_tile;
    tileOf<16>(blockIdx.x, token_tiles, out_tiles, token_tile, out_tile);
    int panel = out_tile * S::WARPS_N, token = token_tile * S::TOKENS;
    int n = (panel + warp_n) * kPanel, first = token + warp_t * S::TILES_T * 8;

    int c[4][S::TILES_T][4] = {};
    float y[4][S::TILES_T][4] = {};
    int zero[4][2] = {};
    GroupTerms<S> terms;
    if constexpr (S::SCALED) {
        terms.fetch(t, first, 0, o.groups);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            int row = n + i * 8 + (static_cast<int>(threadIdx.x) & 31) / 4;
            zero[i / 2][i % 2] = row < t.n ? t.zero[row] : 0;
        }
    }
    int stages = (o.columns / S::COLUMNS + S::WARPS_K - 1) / S::WARPS_K;
#pragma unroll
    for (int i = 0; i < S::STAGES - 1; i++) {
        copyStage<S>(o, shared + i * S::STAGE_BYTES, i * S::WARPS_K, panel, token, t.m);
    }
    Storing<typename S::Store> storing(t, first, S::WARPS_K > 1 ? threadIdx.x : threadIdx.x & 31);
    storing.begin(n);
    int group = 0, in_group = 0;
    int reading = 0, writing = S::STAGES - 1;
    for (int k = 0; k < stages; k++) {
        waitCopies<S::STAGES - 2>();
        __syncthreads();
        copyStage<S>(o, shared + writing * S::STAGE_BYTES, (k + S::STAGES - 1) * S::WARPS_K, panel, token, t.m);
        const char* slab = shared + reading * S::STAGE_BYTES + warp_k * S::SLAB_BYTES;
        const char* tokens = slab + S::WARPS_N * S::PANEL_BYTES + warp_t * S::TILES_T * 8 * kSlabBytes;
#pragma unroll
        for (int step = 0; step < S::STEPS; step++) {
            multiply<S>(slab + warp_n * S::PANEL_BYTES, tokens, step, c);
            if constexpr (S::SCALED) {
                in_group += 64;
                if (in_group == o.group && group < o.groups) {
                    addScaled<S>(terms, zero, c, y);
                    in_group = 0;
                    group++;
                    if (group < o.groups) {
                        terms.fetch(t, first, group, o.groups);
                    }
                }
            }
        }
        reading = reading + 1 == S::STAGES ? 0 : reading + 1;
        writing = writing + 1 == S::STAGES ? 0 : writing + 1;
    }
    storing.prepare(n);
    waitCopies<0>();
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 4 * S::TILES_T * 4; i++) {
        int& sum = c[i / 4 / S::TILES_T][i / 4 % S::TILES_T][i % 4];
        sum = S::SCALED ? __float_as_int(y[i / 4 / S::TILES_T][i / 4 % S::TILES_T][i % 4]) : sum >> S::SHIFT;
    }
    store<S>(storing, shared, c);
}

}  // namespace qr
