// Attention of sm_90a: the operands and the softmax of attention_tile.cuh, products of a warpgroup instead of a warp. Queries stay
// in registers, keys and values are read from shared memory by the tensor cores themselves.
//
// Grid: tiles of 128 queries, heads, batch; two warpgroups of 64 queries each. Dynamic shared memory as in attention.cu.
#include "attention_tile.cuh"
#include "hopper_attention.cuh"

namespace qr {

#if defined(QR_SIM) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

template <class Values, int D>
struct WarpgroupAttention {
    /// 16 queries a warp, 64 keys a step.
    using Warp = Attention<ScoresS8, Values, D, 1, TILE_KEYS>;

    static constexpr int THREADS = 256;
    static constexpr int ROWS = 128;
    static constexpr int K_TILE = Warp::K_TILE;
    static constexpr int STAGE = Warp::STAGE;

    static QR_INLINE void load(unsigned char* stage, const unsigned char* tile) {
        copy_tile<TILE_KEYS, D, THREADS>(stage, tile);
        copy_tile<D, Warp::V_BYTES, THREADS>(stage + K_TILE, tile + K_TILE);
        commitCopies();
    }

    /// Rows of 64 or 128 bytes.
    template <int BYTES>
    static QR_INLINE u64 descriptor(const unsigned char* tile) {
        return BYTES == 128 ? matrixDescriptor(tile) : narrowDescriptor(tile);
    }

    static QR_INLINE void scores(int (&s)[32], const u32 (&q)[D / 32][4], const unsigned char* keys) {
        u64 k = descriptor<D>(keys);
        warpgroupFence();
#pragma unroll
        for (int step = 0; step < D / 32; step++) {
            wgmmaS8(s, q[step], k + 2 * step, step > 0);
        }
        warpgroupCommit();
        warpgroupWait<0>();
        settle(s);
    }

    static QR_INLINE void product(float (&d)[D / 2], const u32 (&p)[4], u64 v, int accumulate) {
        if constexpr (Values::SUMS_APART) {
            wgmmaE4m3(d, p, v, accumulate);
        } else {
            wgmmaBf16(d, p, v, accumulate);
        }
    }

    /// out = out * alpha + weights x values.
    static QR_INLINE void mix(
            float (&out)[D / 2], const u32 (&p)[Warp::STEPS][4], const float (&alpha)[2], const unsigned char* values) {
        u64 v = descriptor<Warp::V_BYTES>(values);
        float sum[D / 2];
#pragma unroll
        for (int i = 0; i < D / 2; i++) {
            sum[i] = Values::SUMS_APART ? 0.0f : out[i] * alpha[i % 4 / 2];
        }
        settle(sum);
        warpgroupFence();
#pragma unroll
        for (int step = 0; step < Warp::STEPS; step++) {
            product(sum, p[step], v + 2 * step, !Values::SUMS_APART || step > 0);
        }
        warpgroupCommit();
        warpgroupWait<0>();
        settle(sum);
#pragma unroll
        for (int i = 0; i < D / 2; i++) {
            out[i] = Values::SUMS_APART ? fmaf(out[i], alpha[i % 4 / 2], sum[i]) : sum[i];
        }
    }

    static QR_INLINE void run(const AttentionTask& t, unsigned char* shared) {
        int lane = threadIdx.x % 32;
        int firstRow = threadIdx.x / 32 * 16;
        int tiles = (t.keys + TILE_KEYS - 1) / TILE_KEYS;
        long long head = (long long)blockIdx.z * gridDim.y + blockIdx.y;
        long long queryTile = head * gridDim.x + blockIdx.x;
        unsigned char* stages = shared + ROWS * D;
        copy_tile<ROWS, D, THREADS>(shared, t.q + queryTile * (ROWS * D));
        const unsigned char* source = t.kv + head * tiles * STAGE;
        load(stages, source);
        const float* keySteps = t.kScale + head * tiles;
        float step[2];
        step[0] = t.qScale[queryTile * ROWS + firstRow + lane / 4];
        step[1] = t.qScale[queryTile * ROWS + firstRow + 8 + lane / 4];
        float out[1][D / 8][4] = {};
        float maximum[2] = {-infinity(), -infinity()};
        float total[1][2] = {};
        u32 q[D / 32][4];
        for (int tile = 0; tile < tiles; tile++) {
            waitCopies<0>();
            fenceAsyncProxy();
            __syncthreads();
            if (tile == 0) {
#pragma unroll
                for (int i = 0; i < D / 32; i++) {
                    loadMatrix4(q[i], shared + swizzled<D>(firstRow + lane % 16, 2 * i + lane / 16));
                }
            }
            const unsigned char* stage = stages + tile % 2 * STAGE;
            if (tile + 1 < tiles) {
                source += STAGE;
                load(stages + (tile + 1) % 2 * STAGE, source);
            }
            int s[32] = {};
            scores(s, q, stage);
            float keyStep = keySteps[tile];
            float x[8][4];
#pragma unroll
            for (int i = 0; i < 32; i++) {
                x[i / 4][i % 4] = (float)s[i] * (step[i % 4 / 2] * keyStep);
            }
            Warp::mask(t, x, blockIdx.x * ROWS + firstRow + lane / 4, tile * TILE_KEYS, lane);
            float alpha[2];
            Warp::soften(x, maximum, total[0], alpha);
            u32 p[Warp::STEPS][4];
            Values::pack(p, x);
            mix(reinterpret_cast<float(&)[D / 2]>(out), p, alpha, stage + K_TILE);
        }
        Warp::write(t, out, total, blockIdx.x * ROWS + firstRow);
    }
};

#endif

}  // namespace qr

#if defined(QR_SIM) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

#define QR_WARPGROUP_ATTENTION(name, values, dim)                                                   \
    extern "C" __global__ void __launch_bounds__(256, 1) name(qr::AttentionTask task) {             \
        QR_DYNAMIC_SHARED(shared);                                                                  \
        qr::WarpgroupAttention<qr::values, dim>::run(task, shared);                                 \
    }

QR_WARPGROUP_ATTENTION(qr_attention_wgmma_s8_bf16_d64, ValuesBf16, 64)
QR_WARPGROUP_ATTENTION(qr_attention_wgmma_s8_bf16_d128, ValuesBf16, 128)
QR_WARPGROUP_ATTENTION(qr_attention_wgmma_s8_e4m3_d64, ValuesE4m3, 64)
QR_WARPGROUP_ATTENTION(qr_attention_wgmma_s8_e4m3_d128, ValuesE4m3, 128)

#endif
