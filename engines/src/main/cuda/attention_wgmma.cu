// Attention of sm_90a: the operands and the softmax of attention_tile.cuh, products of a warpgroup instead of a warp. Queries stay
// in registers, keys and values are read from shared memory by the tensor cores themselves.
//
// Grid: tiles of 128 queries, heads, batch. Three warpgroups: one copies, two work on 64 queries each.
//
//   copying      one thread brings stages (64 keys and their values, contiguous and swizzled as they are) by bulk copies into a ring;
//                a stage is full when its bytes are there, free when all eight warps have read its keys and its values
//   overlap 1    a warpgroup queues the scores of tile j, then the values of tile j - 1, and makes weights of j while the latter run
//   overlap 2    the two warpgroups take turns at queueing, so that one's products run while the other makes weights
// (both overlaps are FlashAttention-3's, arXiv 2407.08608)
//
// Dynamic shared memory: queries, STAGES stages, 2 STAGES + 1 memory barriers.
#include "attention_tile.cuh"
#include "hopper_attention.cuh"

namespace qr {

#if defined(QR_SIM) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

template <class Values, int D>
struct WarpgroupAttention {
    /// 16 queries a warp, 64 keys a step.
    using Warp = Attention<ScoresS8, Values, D, 8, 1, TILE_KEYS>;

    static constexpr int ROWS = 128;
    static constexpr int STAGES = 4;
    static constexpr int READERS = 8;
    static constexpr int WORKERS = 256;
    static constexpr int K_TILE = Warp::K_TILE;
    static constexpr int STAGE = Warp::STAGE;
    static constexpr int STEPS = Warp::STEPS;

    /// Shared memory and its barriers.
    struct Ring {
        unsigned char* bytes;

        QR_INLINE unsigned char* stage(int tile) const { return bytes + ROWS * D + tile % STAGES * STAGE; }
        QR_INLINE u64* barriers() const { return reinterpret_cast<u64*>(bytes + ROWS * D + STAGES * STAGE); }
        QR_INLINE u64* queries() const { return barriers(); }
        QR_INLINE u64* full(int tile) const { return barriers() + 1 + tile % STAGES; }
        QR_INLINE u64* free(int tile) const { return barriers() + 1 + STAGES + tile % STAGES; }
        static QR_INLINE int parity(int tile) { return tile / STAGES & 1; }

        QR_INLINE void init() const {
            mbarrierInit(queries(), 1);
            for (int i = 0; i < STAGES; i++) {
                mbarrierInit(full(i), 1);
                mbarrierInit(free(i), READERS);
            }
            mbarrierInitDone();
        }
    };

    /// The copying thread. `q`: the block's queries, `kv`: the stages of its head.
    static QR_INLINE void produce(const Ring& ring, const unsigned char* q, const unsigned char* kv, int tiles) {
        mbarrierExpect(ring.queries(), ROWS * D);
        copyBulk(ring.bytes, q, ROWS * D, ring.queries());
        for (int tile = 0; tile < tiles; tile++) {
            mbarrierWait(ring.free(tile), Ring::parity(tile) ^ 1);
            mbarrierExpect(ring.full(tile), STAGE);
            copyBulk(ring.stage(tile), kv + (long long)tile * STAGE, STAGE, ring.full(tile));
        }
    }

    /// Rows of 64 or 128 bytes.
    template <int BYTES>
    static QR_INLINE u64 descriptor(const unsigned char* tile) {
        return BYTES == 128 ? matrixDescriptor(tile) : narrowDescriptor(tile);
    }

    static QR_INLINE void product(float (&d)[D / 2], const u32 (&p)[4], u64 v, int accumulate) {
        if constexpr (Values::SUMS_APART) {
            wgmmaE4m3(d, p, v, accumulate);
        } else {
            wgmmaBf16(d, p, v, accumulate);
        }
    }

    /// What the threads of a warpgroup hold of 64 queries.
    struct Worker {
        const AttentionTask& t;
        Ring ring;
        const float* keySteps;
        int tiles;
        int group;
        int firstRow;  // of this warp, in the block
        float step[2];
        float maximum[2];
        float alpha[2];
        float total[1][2];
        u32 q[D / 32][4];
        int s[32];
        float out[1][D / 8][4];
        float apart[Values::SUMS_APART ? D / 2 : 1];  // values of one tile

        QR_INLINE float (&flat())[D / 2] { return reinterpret_cast<float(&)[D / 2]>(out); }

        QR_INLINE float (&sums())[D / 2] {
            if constexpr (Values::SUMS_APART) {
                return apart;
            } else {
                return flat();
            }
        }

        QR_INLINE int row() const { return blockIdx.x * ROWS + firstRow; }

        /// Products of the other warpgroup are queued; now those of this one.
        QR_INLINE void takeTurn() const { barrierSync(1 + group, WORKERS); }

        QR_INLINE void giveTurn(int tile) const {
            // The second warpgroup has given one turn more at first, and owes none at the end.
            if (group == 0 || tile + 1 < tiles) {
                barrierArrive(2 - group, WORKERS);
            }
        }

        QR_INLINE void awaitStage(int tile) const {
            if (tile < tiles) {
                mbarrierWait(ring.full(tile), Ring::parity(tile));
            }
        }

        /// One arrival of this warp: it reads the tile no more.
        QR_INLINE void release(int tile) const {
            if (threadIdx.x % 32 == 0) {
                mbarrierArrive(ring.free(tile));
            }
        }

        QR_INLINE void start() {
            int lane = threadIdx.x % 32;
            for (int r = 0; r < 2; r++) {
                step[r] = t.qScale[row() + ((long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x * ROWS + 8 * r
                        + lane / 4];
                maximum[r] = -infinity();
                total[0][r] = 0.0f;
            }
#pragma unroll
            for (int i = 0; i < D / 2; i++) {
                flat()[i] = 0.0f;
                sums()[i] = 0.0f;
            }
            mbarrierWait(ring.queries(), 0);
#pragma unroll
            for (int i = 0; i < D / 32; i++) {
                loadMatrix4(q[i], ring.bytes + swizzled<D>(firstRow + lane % 16, 2 * i + lane / 16));
            }
        }

        QR_INLINE void queueScores(int tile) {
            u64 k = descriptor<D>(ring.stage(tile));
#pragma unroll
            for (int i = 0; i < D / 32; i++) {
                wgmmaS8(s, q[i], k + 2 * i, i > 0);
            }
            warpgroupCommit();
        }

        /// sums (+)= weights x values.
        QR_INLINE void queueValues(int tile, const u32 (&p)[STEPS][4]) {
            u64 v = descriptor<Warp::V_BYTES>(ring.stage(tile) + K_TILE);
#pragma unroll
            for (int i = 0; i < STEPS; i++) {
                product(sums(), p[i], v + 2 * i, !Values::SUMS_APART || i > 0);
            }
            warpgroupCommit();
        }

        /// Weights of a tile whose scores are there.
        QR_INLINE void weigh(float (&x)[8][4], float (&shrink)[2], int tile, float keyStep) {
#pragma unroll
            for (int i = 0; i < 32; i++) {
                x[i / 4][i % 4] = (float)s[i];
            }
            float factor[2] = {step[0] * keyStep, step[1] * keyStep};
            Warp::weigh(t, x, factor, row() + threadIdx.x % 32 / 4, tile * TILE_KEYS, maximum, total[0], shrink);
        }

        /// The first tile has nothing to overlap with.
        QR_INLINE void first(u32 (&p)[STEPS][4]) {
            float keyStep = keySteps[0];
            awaitStage(0);
            takeTurn();
            warpgroupFence();
            queueScores(0);
            giveTurn(0);
            warpgroupWait<0>();
            settle(s);
            float x[8][4];
            weigh(x, alpha, 0, keyStep);
            Values::pack(p, x);
            awaitStage(1);
        }

        /// Scores and weights of a tile beside the values of the tile before, whose weights are p.
        QR_INLINE void overlap(int tile, u32 (&p)[STEPS][4]) {
            float keyStep = keySteps[tile];
            takeTurn();
            warpgroupFence();
            queueScores(tile);
            queueValues(tile - 1, p);
            giveTurn(tile);
            warpgroupWait<1>();
            settle(s);
            float shrink[2];
            float x[8][4];
            weigh(x, shrink, tile, keyStep);
            settle(reinterpret_cast<float(&)[32]>(x));
            awaitStage(tile + 1);
            warpgroupWait<0>();
            settle(p);
            settle(sums());
            release(tile - 1);
            gather(shrink);
            Values::pack(p, x);
        }

        /// Values of the last tile.
        QR_INLINE void last(u32 (&p)[STEPS][4]) {
            warpgroupFence();
            queueValues(tiles - 1, p);
            warpgroupWait<0>();
            settle(p);
            settle(sums());
            float none[2] = {1.0f, 1.0f};
            gather(none);
        }

        /// Takes in the sums of a tile; `shrink` is for the next one.
        QR_INLINE void gather(const float (&shrink)[2]) {
#pragma unroll
            for (int i = 0; i < D / 2; i++) {
                int r = i % 4 / 2;
                if constexpr (Values::SUMS_APART) {
                    flat()[i] = fmaf(flat()[i], alpha[r], apart[i]);
                } else {
                    flat()[i] *= shrink[r];
                }
            }
            alpha[0] = shrink[0];
            alpha[1] = shrink[1];
        }

        QR_INLINE void work() {
            start();
            if (group == 1) {
                barrierArrive(1, WORKERS);
            }
            u32 p[STEPS][4];
            first(p);
#pragma unroll 1
            for (int tile = 1; tile < tiles; tile++) {
                overlap(tile, p);
            }
            last(p);
            Warp::write(t, out, total, row());
        }
    };

    static QR_INLINE void run(const AttentionTask& t, unsigned char* shared) {
        Ring ring{shared};
        int tiles = (t.keys + TILE_KEYS - 1) / TILE_KEYS;
        long long head = (long long)blockIdx.z * gridDim.y + blockIdx.y;
        if (threadIdx.x == 0) {
            ring.init();
        }
        __syncthreads();
        int group = threadIdx.x / 128;
        if (group == 2) {
            giveRegisters<24>();
            if (threadIdx.x % 128 == 0) {
                produce(ring, t.q + (head * gridDim.x + blockIdx.x) * (ROWS * D), t.kv + head * tiles * STAGE, tiles);
            }
        } else {
            takeRegisters<240>();
            Worker worker{t, ring, t.kScale + head * tiles, tiles, group, (int)threadIdx.x / 32 * 16};
            worker.work();
        }
    }
};

#endif

}  // namespace qr

#if defined(QR_SIM) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

#define QR_WARPGROUP_ATTENTION(name, values, dim)                                                   \
    extern "C" __global__ void __launch_bounds__(384, 1) name(qr::AttentionTask task) {             \
        QR_DYNAMIC_SHARED(shared);                                                                  \
        qr::WarpgroupAttention<qr::values, dim>::run(task, shared);                                 \
    }

QR_WARPGROUP_ATTENTION(qr_attention_wgmma_s8_bf16_d64, ValuesBf16, 64)
QR_WARPGROUP_ATTENTION(qr_attention_wgmma_s8_bf16_d128, ValuesBf16, 128)
QR_WARPGROUP_ATTENTION(qr_attention_wgmma_s8_e4m3_d64, ValuesE4m3, 64)
QR_WARPGROUP_ATTENTION(qr_attention_wgmma_s8_e4m3_d128, ValuesE4m3, 128)

#endif
