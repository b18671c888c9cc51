#pragma once

// The main loop of attention for one tile of queries: scores by tensor cores, online softmax, values by tensor cores.
//
// All operands come prepared (attention_prepare.cu): rows of D channels (64 or 128), padded with zeros, so that every
// tile is one contiguous run of bytes that lies in shared memory as it lies in global memory, its 16-byte chunks turned
// within their row (swizzled):
//   q   [batch, heads, queries up to a multiple of ROWS, D]  elements of the scores' type, scale and log2(e) folded in
//   kv  [batch, heads, tiles of 64 keys] of stages, each
//         k [64, D]  like q
//         v [D, 64]  transposed: the keys of one channel side by side
// One row of 32 bytes is what one mma contracts, whatever the element type; so loads, layouts and loops are the same
// for s8, bf16 and e4m3.

#include "element.cuh"

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
#define QR_PACKS_E4M3 1
#else
#define QR_PACKS_E4M3 0
#endif

// Products of e4m3 are one instruction on Ada and the consumer Blackwells; on sm_90 and sm_100 the compiler turns mma.sync
// of e4m3 into products of f16, which are no faster than bf16.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ == 890 || __CUDA_ARCH__ >= 1200
#define QR_E4M3 1
#else
#define QR_E4M3 0
#endif

namespace qr {

constexpr int TILE_KEYS = 64;
constexpr float LOG2_E = 1.4426950408889634f;

// Scores of s8 codes: exact integers, scaled by the row's and the key tile's step.
struct ScoresS8 {
    using Sum = int;
    static constexpr int BYTES = 1;
    static constexpr bool SCALED = true;
    static QR_INLINE void mma(int (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
        mmaS8(c, a, b);
    }
};

// Scores of bf16 values; the scale sits in the queries.
struct ScoresBf16 {
    using Sum = float;
    static constexpr int BYTES = 2;
    static constexpr bool SCALED = false;
    static QR_INLINE void mma(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
        mmaBf16(c, a, b);
    }
};

#if QR_PACKS_E4M3
// Weights and values in e4m3. Weights are at most 2^8, so that small ones stay normal numbers; the sum of weights
// carries the same factor. Keys within 16 are in the order in which a thread holds its scores (see value_slot).
struct ValuesE4m3 {
    static constexpr int BYTES = 1;
    static constexpr float LIFT = 8.0f;
    // Ada's tensor cores add e4m3 products with fewer bits than F32 has; so no sum runs through them for long.
    static constexpr bool SUMS_APART = true;
    template <int STEPS>
    static QR_INLINE void pack(u32 (&p)[STEPS][4], const float (&x)[4 * STEPS][4]) {
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const float(&a)[4] = x[4 * step + 2 * half];
                const float(&b)[4] = x[4 * step + 2 * half + 1];
                p[step][2 * half] = packE4m3(a[0], a[1]) | (u32)packE4m3(b[0], b[1]) << 16;
                p[step][2 * half + 1] = packE4m3(a[2], a[3]) | (u32)packE4m3(b[2], b[3]) << 16;
            }
        }
    }
    static QR_INLINE void mma(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
        mmaE4m3(c, a, b);
    }
};

#endif

// Weights and values in bf16.
struct ValuesBf16 {
    static constexpr int BYTES = 2;
    static constexpr float LIFT = 0.0f;
    static constexpr bool SUMS_APART = false;
    template <int STEPS>
    static QR_INLINE void pack(u32 (&p)[STEPS][4], const float (&x)[2 * STEPS][4]) {
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
            p[step][0] = packBf16(x[2 * step][0], x[2 * step][1]);
            p[step][1] = packBf16(x[2 * step][2], x[2 * step][3]);
            p[step][2] = packBf16(x[2 * step + 1][0], x[2 * step + 1][1]);
            p[step][3] = packBf16(x[2 * step + 1][2], x[2 * step + 1][3]);
        }
    }
    static QR_INLINE void mma(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
        mmaBf16(c, a, b);
    }
};

// Where chunk `chunk` of 16 bytes of row `row` lies in a tile of BYTES per row: eight rows read together by ldmatrix
// fall into eight different groups of banks. It is the swizzle of 128 or 64 bytes that wgmma's descriptors know.
template <int BYTES>
QR_INLINE int swizzled(int row, int chunk) {
    int turned = BYTES >= 128 ? chunk ^ (row & 7) : chunk ^ ((row >> 1) & 3);
    return row * BYTES + turned * 16;
}

// Starts copying a contiguous tile; all THREADS of the block take part.
template <int BYTES, int THREADS>
QR_INLINE void copy_tile(unsigned char* tile, const unsigned char* source) {
#pragma unroll
    for (int offset = 0; offset < BYTES; offset += THREADS * 16) {
        copyAsync16(tile + threadIdx.x * 16 + offset, source + threadIdx.x * 16 + offset);
    }
}

// What a launch works on; pointers as described at the top.
struct AttentionTask {
    const unsigned char* q;
    const unsigned char* kv;
    const float* qScale;  // [batch, heads, padded queries], with SCALED
    const float* kScale;  // [batch, heads, tiles], with SCALED
    const float* vScale;  // [batch, heads * headDim], or null
    const float* bias;    // added to the scores (natural units), or null; keys side by side
    long long biasBatch;  // elements between batches, heads, queries of bias; 0 where it is the same for all
    long long biasHead;
    long long biasQuery;
    void* out;            // [batch, queries, heads * headDim], f32 or bf16
    int outIsBf16;
    int queries;
    int keys;
    int headDim;
};

// WARPS: of a block. MT: tiles of 16 queries per warp. SPAN: keys per step of the softmax; fewer keys at once need fewer registers.
template <class Scores, class Values, int D, int WARPS, int MT, int SPAN>
struct Attention {
    static constexpr int THREADS = WARPS * 32;
    static constexpr int NT = SPAN / 8;
    static constexpr int STEPS = SPAN * Values::BYTES / 32;
    static constexpr int ROWS = WARPS * 16 * MT;
    static constexpr int Q_BYTES = D * Scores::BYTES;
    static constexpr int V_BYTES = TILE_KEYS * Values::BYTES;
    static constexpr int K_TILE = TILE_KEYS * Q_BYTES;
    static constexpr int V_TILE = D * V_BYTES;
    static constexpr int STAGE = K_TILE + V_TILE;
    static constexpr int SHARED = ROWS * Q_BYTES + 2 * STAGE;

    using Sum = typename Scores::Sum;

    // Scores of this warp's rows with one tile of keys.
    static QR_INLINE void scores(
            Sum (&s)[MT][NT][4], const unsigned char* qs, const unsigned char* ks, int firstRow) {
        int lane = threadIdx.x % 32;
        // The steps along a row only flip bits of a chunk's place, and 16 rows on the places are the same.
        int own = swizzled<Q_BYTES>(firstRow + lane % 16, lane / 16);
        int key = swizzled<Q_BYTES>(lane % 8 + lane / 16 * 8, lane / 8 % 2);
#pragma unroll
        for (int m = 0; m < MT; m++) {
#pragma unroll
            for (int n = 0; n < NT; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    s[m][n][i] = 0;
                }
            }
        }
#pragma unroll
        for (int step = 0; step < Q_BYTES / 32; step++) {
            u32 a[MT][4];
#pragma unroll
            for (int m = 0; m < MT; m++) {
                loadMatrix4(a[m], qs + ((own ^ step * 32) + 16 * m * Q_BYTES));
            }
#pragma unroll
            for (int n = 0; n < NT / 2; n++) {
                u32 b[4];
                loadMatrix4(b, ks + ((key ^ step * 32) + 16 * n * Q_BYTES));
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    u32 eight[2] = {b[2 * half], b[2 * half + 1]};
#pragma unroll
                    for (int m = 0; m < MT; m++) {
                        Scores::mma(s[m][2 * n + half], a[m], eight);
                    }
                }
            }
        }
    }

    // out = out * alpha + weights x values, for SPAN keys.
    static QR_INLINE void mix(
            float (&out)[MT][D / 8][4],
            const u32 (&p)[MT][STEPS][4],
            const float (&alpha)[MT][2],
            const unsigned char* vs,
            int chunk) {
        int lane = threadIdx.x % 32;
        int channel = swizzled<V_BYTES>(lane % 8 + lane / 16 * 8, lane / 8 % 2);
#pragma unroll
        for (int n = 0; n < D / 16; n++) {
            // Keeps the compiler from starting all channels at once, which would need more registers than there are.
            __syncwarp();
            u32 b[STEPS][4];
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                loadMatrix4(b[step], vs + ((channel ^ (chunk * 16 + step * 32)) + 16 * n * V_BYTES));
            }
#pragma unroll
            for (int i = 0; i < 2 * MT; i++) {
                if (Values::SUMS_APART && i % 2 == 1) {
                    __syncwarp();  // as above
                }
                add<Values::SUMS_APART>(out[i / 2][2 * n + i % 2], p[i / 2], alpha[i / 2], b, 2 * (i % 2));
            }
        }
    }

    // c = c * alpha + p b
    template <bool APART>
    static QR_INLINE void add(
            float (&c)[4], const u32 (&p)[STEPS][4], const float (&alpha)[2], const u32 (&b)[STEPS][4], int at) {
        float sum[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sum[i] = APART ? 0.0f : c[i] * alpha[i / 2];
        }
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
            u32 eight[2] = {b[step][at], b[step][at + 1]};
            Values::mma(sum, p[step], eight);
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            c[i] = APART ? fmaf(c[i], alpha[i / 2], sum[i]) : sum[i];
        }
    }

    // Turns scores into weights: x becomes 2^(x * factor - maximum), alpha is what earlier sums shrink by. `maximum` is in
    // units of x * factor; factor is never negative.
    static QR_INLINE void soften(float (&x)[NT][4], const float (&factor)[2], float (&maximum)[2], float (&total)[2],
            float (&alpha)[2]) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float most = fmaxf(x[0][2 * r], x[0][2 * r + 1]);
#pragma unroll
            for (int n = 1; n < NT; n++) {
                most = fmaxf(most, fmaxf(x[n][2 * r], x[n][2 * r + 1]));
            }
            most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
            most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
            most = fmaxf(maximum[r], most * factor[r]);
            // A row whose keys are all masked so far has no maximum; its weights are 2^-inf = 0.
            float base = most == -infinity() ? 0.0f : most;
            alpha[r] = fastExp2(maximum[r] - base);
            maximum[r] = most;
            float sum = 0.0f;
            float shift = Values::LIFT - base;
#pragma unroll
            for (int n = 0; n < NT; n++) {
#pragma unroll
                for (int i = 2 * r; i < 2 * r + 2; i++) {
                    x[n][i] = fastExp2(fmaf(x[n][i], factor[r], shift));
                    sum += x[n][i];
                }
            }
            total[r] = fmaf(total[r], alpha[r], sum);
        }
    }

    static QR_INLINE void write(
            const AttentionTask& t, const float (&out)[MT][D / 8][4], const float (&total)[MT][2], int firstRow) {
        int lane = threadIdx.x % 32;
        int heads = gridDim.y;
        long long width = (long long)heads * t.headDim;
#pragma unroll
        for (int m = 0; m < MT; m++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                float sum = total[m][r];
                sum += __shfl_xor_sync(0xffffffffu, sum, 1);
                sum += __shfl_xor_sync(0xffffffffu, sum, 2);
                float inverse = sum > 0.0f ? 1.0f / sum : 0.0f;
                int query = firstRow + 16 * m + 8 * r + lane / 4;
                if (query >= t.queries) {
                    continue;
                }
                long long row = ((long long)blockIdx.z * t.queries + query) * width + blockIdx.y * t.headDim;
#pragma unroll
                for (int n = 0; n < D / 8; n++) {
                    int channel = 8 * n + lane % 4 * 2;
                    if (channel >= t.headDim) {
                        continue;
                    }
                    float a = out[m][n][2 * r] * inverse;
                    float b = out[m][n][2 * r + 1] * inverse;
                    if (t.vScale != nullptr) {
                        const float* scale = t.vScale + blockIdx.z * width + blockIdx.y * t.headDim + channel;
                        a *= scale[0];
                        b *= scale[1];
                    }
                    if (t.outIsBf16) {
                        ((u32*)t.out)[(row + channel) / 2] = packBf16(a, b);
                    } else {
                        ((float2*)t.out)[(row + channel) / 2] = make_float2(a, b);
                    }
                }
            }
        }
    }

    static QR_INLINE void load(unsigned char* stage, const unsigned char* tile) {
        copy_tile<STAGE, THREADS>(stage, tile);
        commitCopies();
    }

    // Weights of SPAN keys from `firstKey` on and what earlier sums shrink by, from scores in units of `factor`. Where a
    // bias is added or keys behind the last are hidden, scores take their factor first.
    static QR_INLINE void weigh(const AttentionTask& t, float (&x)[NT][4], float (&factor)[2], int query, int firstKey,
            float (&maximum)[2], float (&total)[2], float (&alpha)[2]) {
        if (t.bias != nullptr || firstKey + SPAN > t.keys) {
#pragma unroll
            for (int i = 0; i < 4 * NT; i++) {
                x[i / 4][i % 4] *= factor[i % 4 / 2];
            }
            mask(t, x, query, firstKey, threadIdx.x % 32);
            factor[0] = factor[1] = 1.0f;
        }
        soften(x, factor, maximum, total, alpha);
    }

    // Adds the bias and hides what lies behind the last key.
    static QR_INLINE void mask(
            const AttentionTask& t, float (&x)[NT][4], int query, int firstKey, int lane) {
        bool biased = t.bias != nullptr;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = query + 8 * (i / 2);
            const float* bias = t.bias + blockIdx.z * t.biasBatch + blockIdx.y * t.biasHead
                    + (row < t.queries ? row : 0) * t.biasQuery;
#pragma unroll
            for (int n = 0; n < NT; n++) {
                int key = firstKey + 8 * n + lane % 4 * 2 + i % 2;
                if (key >= t.keys) {
                    x[n][i] = -infinity();
                } else if (biased) {
                    x[n][i] = fmaf(bias[key], LOG2_E, x[n][i]);
                }
            }
        }
    }

    // Grid: tiles of queries, heads, batch; THREADS; SHARED bytes of dynamic shared memory.
    static QR_INLINE void run(const AttentionTask& t, unsigned char* shared) {
        int lane = threadIdx.x % 32;
        int firstRow = threadIdx.x / 32 * 16 * MT;
        int tiles = (t.keys + TILE_KEYS - 1) / TILE_KEYS;
        long long head = (long long)blockIdx.z * gridDim.y + blockIdx.y;
        long long queryTile = head * gridDim.x + blockIdx.x;
        unsigned char* stages = shared + ROWS * Q_BYTES;
        copy_tile<ROWS * Q_BYTES, THREADS>(shared, t.q + queryTile * (ROWS * Q_BYTES));
        const unsigned char* source = t.kv + head * tiles * STAGE;
        load(stages, source);
        const float* keySteps = t.kScale + head * tiles;

        float step[MT][2];
        float out[MT][D / 8][4] = {};
        float maximum[MT][2];
        float total[MT][2] = {};
#pragma unroll
        for (int m = 0; m < MT; m++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                maximum[m][r] = -infinity();
                step[m][r] =
                        Scores::SCALED ? t.qScale[queryTile * ROWS + firstRow + 16 * m + 8 * r + lane / 4] : 1.0f;
            }
        }
        for (int tile = 0; tile < tiles; tile++) {
            waitCopies<0>();
            __syncthreads();
            const unsigned char* stage = stages + tile % 2 * STAGE;
            if (tile + 1 < tiles) {
                source += STAGE;
                load(stages + (tile + 1) % 2 * STAGE, source);
            }
            float keyStep = Scores::SCALED ? keySteps[tile] : 1.0f;
#pragma unroll 1
            for (int part = 0; part < TILE_KEYS / SPAN; part++) {
                Sum s[MT][NT][4];
                scores(s, shared, stage + part * SPAN * Q_BYTES, firstRow);
                u32 p[MT][STEPS][4];
                float alpha[MT][2];
#pragma unroll
                for (int m = 0; m < MT; m++) {
                    float x[NT][4];
#pragma unroll
                    for (int n = 0; n < NT; n++) {
#pragma unroll
                        for (int i = 0; i < 4; i++) {
                            x[n][i] = (float)s[m][n][i];
                        }
                    }
                    int query = blockIdx.x * ROWS + firstRow + 16 * m + lane / 4;
                    float factor[2] = {step[m][0] * keyStep, step[m][1] * keyStep};
                    weigh(t, x, factor, query, tile * TILE_KEYS + part * SPAN, maximum[m], total[m], alpha[m]);
                    Values::pack(p[m], x);
                }
                mix(out, p, alpha, stage + K_TILE, part * SPAN * Values::BYTES / 16);
            }
        }
        write(t, out, total, blockIdx.x * ROWS + firstRow);
    }
};

}  // namespace qr
