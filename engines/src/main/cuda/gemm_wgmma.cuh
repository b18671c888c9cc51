// The low-bit product of sm_90a: wgmma with weights as the A operand from registers and tokens as B from shared memory.
//
// One block per multiprocessor walks over tiles of 128 outputs x 256 tokens. One warp of the first warpgroup copies
// (tokens as a swizzled box of a tensor map, weights as they lie), the other two warpgroups multiply 64 outputs x 256
// tokens each, so that every byte of tokens in shared memory serves 64 outputs and every weight 256 tokens. While the
// products of a stage run, a warpgroup widens the weights of the next one.
#pragma once
#include "gemm_epilogue.cuh"
#include "gemm_layout.cuh"
#include "gemm_mma.cuh"
#include "hopper.cuh"

namespace qr {

template <int W_BITS>
struct WgmmaShape {
    static constexpr int STAGES = 4;
    static constexpr int COLUMNS = 128;
    static constexpr int TOKENS = 256, OUTS = 2 * kPanel;
    static constexpr int TOKEN_BYTES = TOKENS * COLUMNS;
    static constexpr int PANEL_BYTES = kPanel * COLUMNS * W_BITS / 8;
    static constexpr int STAGE_BYTES = TOKEN_BYTES + 2 * PANEL_BYTES;
    using Store = StoreShape<128, 64, TOKENS / 64, 1, false>;
    static constexpr int STORE_BYTES = Store::TOKENS * kStagePitch * 4;
    static constexpr int STORE_AT = STAGES * STAGE_BYTES;
    static constexpr int BARRIERS_AT = STORE_AT + 2 * STORE_BYTES;
    static constexpr int SHIFT = W_BITS == 4 ? 4 : 0;
    /// One arrival of each multiplying warp frees a stage.
    static constexpr int READERS = 8;
};

#if defined(QR_SIM) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// The place in the pipeline: which stage, and the parity of its phase.
struct Turn {
    int stage = 0, parity = 0;

    template <int STAGES>
    QR_INLINE void next() {
        stage++;
        if (stage == STAGES) {
            stage = 0;
            parity ^= 1;
        }
    }
};

template <class S>
struct Pipeline {
    char* shared;

    QR_INLINE char* tokens(int stage) const { return shared + stage * S::STAGE_BYTES; }
    QR_INLINE char* weights(int stage, int panel) const {
        return tokens(stage) + S::TOKEN_BYTES + panel * S::PANEL_BYTES;
    }
    QR_INLINE u64* filled(int stage) const {
        return reinterpret_cast<u64*>(shared + S::BARRIERS_AT) + stage;
    }
    QR_INLINE u64* freed(int stage) const { return filled(S::STAGES + stage); }

    QR_INLINE void init() const {
        for (int i = 0; i < S::STAGES; i++) {
            mbarrierInit(filled(i), 1);
            mbarrierInit(freed(i), S::READERS);
        }
        mbarrierInitDone();
    }
};

/// The copying thread: all stages of all tiles of this block.
template <class S>
QR_INLINE void produce(const Pipeline<S>& pipeline, const TensorMap* map, const GemmOperands& o, const GemmTerms& t) {
    int token_tiles = (t.m + S::TOKENS - 1) / S::TOKENS, out_tiles = (t.n + S::OUTS - 1) / S::OUTS;
    int stages = o.columns / S::COLUMNS;
    Turn turn;
    for (int tile = blockIdx.x; tile < token_tiles * out_tiles; tile += gridDim.x) {
        int token_tile, out_tile;
        tileOf<8>(tile, token_tiles, out_tiles, token_tile, out_tile);
        int panels = o.panels - out_tile * 2 < 2 ? o.panels - out_tile * 2 : 2;
        const char* from = o.weights + static_cast<size_t>(out_tile) * 2 * stages * S::PANEL_BYTES;
        for (int k = 0; k < stages; k++) {
            mbarrierWait(pipeline.freed(turn.stage), turn.parity ^ 1);
            u64* filled = pipeline.filled(turn.stage);
            mbarrierExpect(filled, S::TOKEN_BYTES + panels * S::PANEL_BYTES);
            copyBox(pipeline.tokens(turn.stage), map, k * S::COLUMNS, token_tile * S::TOKENS, filled);
            for (int p = 0; p < panels; p++) {
                const char* panel = from + static_cast<size_t>(p * stages + k) * S::PANEL_BYTES;
                copyBulk(pipeline.weights(turn.stage, p), panel, S::PANEL_BYTES, filled);
            }
            turn.next<S::STAGES>();
        }
    }
}

/// One arrival of this warp: it reads the stage no more.
template <class S>
QR_INLINE void release(const Pipeline<S>& pipeline, int stage) {
    if (stage >= 0 && (threadIdx.x & 31) == 0) {
        mbarrierArrive(pipeline.freed(stage));
    }
}

/// The A fragments of a warp's 16 rows for 128 columns, four times 32, in the order in which wgmma pairs them with B:
/// columns 4 t .. and 16 + 4 t .. of each 32, of which the two halves lie with lanes t / 2 and 2 + t / 2.
template <int W_BITS>
QR_INLINE void fragments(const char* panel, u32 (&a)[4][4]) {
    int lane = threadIdx.x & 31, t = lane & 3, warp = threadIdx.x >> 5 & 3;
    const char* from = panel + warp * kUnitBytes + ((lane & 28) + (t >> 1)) * 16;
    if constexpr (W_BITS == 4) {
        u32 half = t & 1 ? 0x7632 : 0x5410;
#pragma unroll
        for (int u = 0; u < 2; u++) {
            u32 x[4], y[4];
            load16(x, from + u * 4 * kUnitBytes);
            load16(y, from + u * 4 * kUnitBytes + 32);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                widen(__byte_perm(x[i], y[i], half), a[2 * u + i / 2][i & 1], a[2 * u + i / 2][2 + (i & 1)]);
            }
        }
    } else {
#pragma unroll
        for (int u = 0; u < 4; u++) {
            const char* unit = from + u * 4 * kUnitBytes + (t & 1) * 8;
            u32 x[2], y[2];
            load8(x, unit);
            load8(y, unit + 32);
            a[u][0] = x[0];
            a[u][1] = x[1];
            a[u][2] = y[0];
            a[u][3] = y[1];
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        pin(a[i]);
    }
}

/// Queues the products of one stage behind those of the stage before, frees that one when they are done, and makes the
/// fragments of the next stage while its own products run.
///
/// `freeing` is the stage before, -1 for the first of a tile.
template <int W_BITS, class S = WgmmaShape<W_BITS>>
QR_INLINE void multiplyStage(const Pipeline<S>& pipeline, Turn& turn, int& freeing, bool last, int panel,
                             const u32 (&a)[4][4], u32 (&next)[4][4], int (&d)[128]) {
    u64 tokens = matrixDescriptor(pipeline.tokens(turn.stage));
    warpgroupFence();
#pragma unroll
    for (int i = 0; i < 4; i++) {
        wgmmaS8(d, a[i], tokens + 2 * i);
    }
    warpgroupCommit();
    warpgroupWait<1>();
    release(pipeline, freeing);
    freeing = turn.stage;
    turn.next<S::STAGES>();
    if (!last) {
        mbarrierWait(pipeline.filled(turn.stage), turn.parity);
        fragments<W_BITS>(pipeline.weights(turn.stage, panel), next);
    }
}

/// Stores the sums of a warpgroup, 64 tokens at a time.
template <class S>
QR_INLINE void storeTile(Storing<typename S::Store>& storing, int* buffer, int group, const int (&d)[128]) {
    constexpr int TILES = S::Store::TOKENS / 8;
    int warp = threadIdx.x >> 5 & 3, lane = threadIdx.x & 31;
    storing.store(
        buffer,
        [&](int part) {
#pragma unroll
            for (int j = 0; j < TILES; j++) {
                int at = (part * TILES + j) * 4;
                int c[4] = {d[at] >> S::SHIFT, d[at + 1] >> S::SHIFT, d[at + 2] >> S::SHIFT, d[at + 3] >> S::SHIFT};
                stage(buffer, warp * 16 + (lane >> 2), j * 8 + (lane & 3) * 2, c);
            }
        },
        [&] { barrierSync(1 + group, 128); });
}

template <int W_BITS, class S = WgmmaShape<W_BITS>>
QR_INLINE void consume(const Pipeline<S>& pipeline, const GemmOperands& o, const GemmTerms& t, int group) {
    int token_tiles = (t.m + S::TOKENS - 1) / S::TOKENS, out_tiles = (t.n + S::OUTS - 1) / S::OUTS;
    int stages = o.columns / S::COLUMNS;
    Turn turn;
    for (int tile = blockIdx.x; tile < token_tiles * out_tiles; tile += gridDim.x) {
        int token_tile, out_tile;
        tileOf<8>(tile, token_tiles, out_tiles, token_tile, out_tile);
        int d[128];
#pragma unroll
        for (int i = 0; i < 128; i++) {
            d[i] = 0;
        }
        settle(d);
        Storing<typename S::Store> storing(t, token_tile * S::TOKENS, threadIdx.x & 127);
        storing.begin((out_tile * 2 + group) * kPanel);
        u32 even[4][4], odd[4][4];
        mbarrierWait(pipeline.filled(turn.stage), turn.parity);
        fragments<W_BITS>(pipeline.weights(turn.stage, group), even);
        int freeing = -1;
        for (int k = 1;; k += 2) {
            multiplyStage<W_BITS>(pipeline, turn, freeing, k == stages, group, even, odd, d);
            if (k == stages) {
                break;
            }
            multiplyStage<W_BITS>(pipeline, turn, freeing, k + 1 == stages, group, odd, even, d);
            if (k + 1 == stages) {
                break;
            }
        }
        storing.prepare((out_tile * 2 + group) * kPanel);
        warpgroupWait<0>();
        settle(d);
        release(pipeline, freeing);
        storeTile<S>(storing, reinterpret_cast<int*>(pipeline.tokens(0) + S::STORE_AT + group * S::STORE_BYTES), group, d);
    }
}

template <int W_BITS>
QR_INLINE void gemmWgmma(const TensorMap* map, const GemmOperands& o, const GemmTerms& t, unsigned char* shared) {
    Pipeline<WgmmaShape<W_BITS>> pipeline{reinterpret_cast<char*>(shared)};
    int group = static_cast<int>(threadIdx.x >> 7);
    if (threadIdx.x == 0) {
        pipeline.init();
    }
    __syncthreads();
    if (group == 0) {
        giveRegisters<40>();
        if (threadIdx.x == 0) {
            produce(pipeline, map, o, t);
        }
    } else {
        takeRegisters<232>();
        consume<W_BITS>(pipeline, o, t, group - 1);
    }
}

#endif

}  // namespace qr
