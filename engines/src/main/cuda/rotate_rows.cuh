// A row of an activation in the registers of its threads: loading, reductions, producers, rotation.
//
// Chunk c of thread t is the 16 elements from 16 (c T + t) on, T = blockDim.x a multiple of 32. T of 32: blockDim.y warps with a row
// each, otherwise one row for a block. Chunks behind the width hold zeros. Butterflies up to 8 apart stay within a chunk, up to 256
// apart go through shuffles, wider ones (and permutations) through shared memory.
#pragma once
#include "ptx.cuh"

namespace qr {

enum Producer { kPlain, kNorm, kGelu };

constexpr int kChunk = 16;
constexpr u32 kAll = 0xffffffffu;

struct Row {
    int width;
    int chunks;
    int lane;
    /// Row's slice of the shared partial results, and its slice of dynamic shared memory (width floats) where it is used.
    u32* partial;
    float* staged;
};

QR_INLINE void rowBarrier() {
    if (blockDim.x == 32) {
        __syncwarp();
    } else {
        __syncthreads();
    }
}

QR_INLINE int chunkOf(int c) {
    return c * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x);
}

QR_INLINE int warpsOfRow() {
    return static_cast<int>(blockDim.x) / 32;
}

// ---- reductions over a row: lanes as a butterfly, then warps in their order -------------------------------------------------

QR_INLINE float sumOverRow(float v, u32* partial) {
#pragma unroll
    for (int step = 16; step > 0; step /= 2) {
        v += __shfl_xor_sync(kAll, v, step);
    }
    if (blockDim.x == 32) {
        return v;
    }
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = __float_as_uint(v);
    }
    __syncthreads();
    float sum = __uint_as_float(partial[0]);
#pragma unroll
    for (int w = 1; w < 8; w++) {
        if (w < warpsOfRow()) {
            sum += __uint_as_float(partial[w]);
        }
    }
    return sum;
}

/// Of magnitudes as bits: their order as integers is that of the floats, with NaN above infinity.
QR_INLINE u32 maxOverRow(u32 v, int lane, u32* partial) {
    v = __reduce_max_sync(kAll, v);
    if (blockDim.x == 32) {
        return v;
    }
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = v;
    }
    __syncthreads();
    return __reduce_max_sync(kAll, lane < warpsOfRow() ? partial[lane] : 0u);
}

/// The sum is complete in thread 0 of the row alone.
QR_INLINE int sumToFirst(int v, u32* partial) {
    v = __reduce_add_sync(kAll, v);
    if (blockDim.x == 32) {
        return v;
    }
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = static_cast<u32>(v);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int w = 1; w < warpsOfRow(); w++) {
            v += static_cast<int>(partial[w]);
        }
    }
    return v;
}

// ---- loading: read once, so that the vectors that every row shares stay in the cache -----------------------------------------

QR_INLINE void loadChunk(float (&v)[kChunk], const float* x) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float4 four = __ldcs(reinterpret_cast<const float4*>(x) + i);
        v[4 * i] = four.x;
        v[4 * i + 1] = four.y;
        v[4 * i + 2] = four.z;
        v[4 * i + 3] = four.w;
    }
}

QR_INLINE void loadChunk(float (&v)[kChunk], const bf16* x) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
        uint4 eight = __ldcs(reinterpret_cast<const uint4*>(x) + i);
        u32 pairs[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
        for (int j = 0; j < 4; j++) {
            v[8 * i + 2 * j] = __uint_as_float(pairs[j] << 16);
            v[8 * i + 2 * j + 1] = __uint_as_float(pairs[j] & 0xffff0000u);
        }
    }
}

// ---- producers --------------------------------------------------------------------------------------------------------------

/// gain (with `gainOffset` added: 1 for adaLN) and shift of the row's modulation group; either may be null.
struct Modulation {
    const float* gain;
    const float* shift;
    float gainOffset;
    float epsilon;
    /// LayerNorm; RMSNorm leaves the mean where it is.
    int centred;
};

template <int Chunks>
QR_INLINE void normalize(float (&v)[Chunks][kChunk], const Row& row, const Modulation& m) {
    float sum = 0;
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
#pragma unroll
        for (int i = 0; i < kChunk; i++) {
            sum += v[c][i];
        }
    }
    float mean = m.centred ? sumOverRow(sum, row.partial) / static_cast<float>(row.width) : 0.0f;
    float squares = 0;
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        bool inside = chunkOf(c) < row.chunks;
#pragma unroll
        for (int i = 0; i < kChunk; i++) {
            v[c][i] = inside ? v[c][i] - mean : 0.0f;
            squares += v[c][i] * v[c][i];
        }
    }
    float variance = sumOverRow(squares, row.partial + 8) / static_cast<float>(row.width);
    float inverse = 1.0f / sqrtf(variance + m.epsilon);
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
            // Four at a time: the vectors of a whole chunk would not fit the registers beside it.
#pragma unroll
            for (int four = 0; four < kChunk; four += 4) {
                int at = chunkOf(c) * kChunk + four;
                float4 gain = m.gain ? *reinterpret_cast<const float4*>(m.gain + at) : make_float4(0, 0, 0, 0);
                float4 shift = m.shift ? *reinterpret_cast<const float4*>(m.shift + at) : make_float4(0, 0, 0, 0);
                float gains[4] = {gain.x, gain.y, gain.z, gain.w}, shifts[4] = {shift.x, shift.y, shift.z, shift.w};
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    float n = v[c][four + i] * inverse;
                    n = m.gain ? n * (gains[i] + m.gainOffset) : n;
                    v[c][four + i] = m.shift ? n + shifts[i] : n;
                }
            }
        }
    }
}

/// x sigmoid(2 u), which is the tanh form of GELU; by approximate instructions, relative error about 2^-21.
QR_INLINE float gelu(float x) {
    float u = 0.7978845608f * (x + 0.044715f * x * x * x);
    return x * fastReciprocal(1.0f + fastExp2(-2.8853900818f * u));
}

// ---- rotation ---------------------------------------------------------------------------------------------------------------

template <int Half>
QR_INLINE void stageWithinChunk(float (&v)[kChunk]) {
#pragma unroll
    for (int i = 0; i < kChunk; i++) {
        if ((i & Half) == 0) {
            float a = v[i], b = v[i + Half];
            v[i] = a + b;
            v[i + Half] = a - b;
        }
    }
}

template <int Chunks>
QR_INLINE void stagesWithinChunks(float (&v)[Chunks][kChunk], int run) {
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (run >= kChunk) {
            stageWithinChunk<1>(v[c]);
            stageWithinChunk<2>(v[c]);
            stageWithinChunk<4>(v[c]);
            stageWithinChunk<8>(v[c]);
        } else {
            if (run > 1) {
                stageWithinChunk<1>(v[c]);
            }
            if (run > 2) {
                stageWithinChunk<2>(v[c]);
            }
            if (run > 4) {
                stageWithinChunk<4>(v[c]);
            }
        }
    }
}

template <int Chunks>
QR_INLINE void stagesAcrossLanes(float (&v)[Chunks][kChunk], int run, int lane) {
#pragma unroll 1
    for (int step = 1; step < 32 && step * kChunk < run; step *= 2) {
        float sign = lane & step ? -1.0f : 1.0f;
#pragma unroll
        for (int c = 0; c < Chunks; c++) {
#pragma unroll
            for (int i = 0; i < kChunk; i++) {
                // a + b in the lower lane, a - b in the upper one: the product by 1 or -1 is exact.
                v[c][i] = fmaf(sign, v[c][i], __shfl_xor_sync(kAll, v[c][i], step));
            }
        }
    }
}

/// Where element `at` of a row lies in shared memory: pieces of 16 bytes change places within a chunk, so that eight lanes that
/// read or write the same piece of their chunks meet in no bank.
QR_INLINE int placeOf(int at) {
    return at ^ (at >> 5 & 3) << 2;
}

template <int Chunks>
QR_INLINE void store(const float (&v)[Chunks][kChunk], const Row& row) {
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
#pragma unroll
            for (int i = 0; i < kChunk; i += 4) {
                float* to = row.staged + placeOf(chunkOf(c) * kChunk + i);
                *reinterpret_cast<float4*>(to) = make_float4(v[c][i], v[c][i + 1], v[c][i + 2], v[c][i + 3]);
            }
        }
    }
    rowBarrier();
}

/// @param sources for every channel, the place (placeOf) of the one that comes there
template <int Chunks>
QR_INLINE void permute(float (&v)[Chunks][kChunk], const Row& row, const int* sources) {
    store(v, row);
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
#pragma unroll
            for (int i = 0; i < kChunk; i += 4) {
                int4 from = *reinterpret_cast<const int4*>(sources + chunkOf(c) * kChunk + i);
                v[c][i] = row.staged[from.x];
                v[c][i + 1] = row.staged[from.y];
                v[c][i + 2] = row.staged[from.z];
                v[c][i + 3] = row.staged[from.w];
            }
        }
    }
    rowBarrier();
}

/// Stages 512 apart and more: pairs of the row in shared memory, four neighbours at once.
template <int Chunks>
QR_INLINE void stagesAcrossRow(float (&v)[Chunks][kChunk], const Row& row, int run) {
    store(v, row);
    for (int half = 32 * kChunk; half < run; half *= 2) {
        for (int pair = 4 * static_cast<int>(threadIdx.x); pair < row.width / 2; pair += 4 * static_cast<int>(blockDim.x)) {
            int low = 2 * (pair & ~(half - 1)) | (pair & (half - 1));
            float4* first = reinterpret_cast<float4*>(row.staged + placeOf(low));
            float4* second = reinterpret_cast<float4*>(row.staged + placeOf(low + half));
            float4 a = *first, b = *second;
            *first = make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
            *second = make_float4(a.x - b.x, a.y - b.y, a.z - b.z, a.w - b.w);
        }
        rowBarrier();
    }
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
#pragma unroll
            for (int i = 0; i < kChunk; i += 4) {
                float4 four = *reinterpret_cast<const float4*>(row.staged + placeOf(chunkOf(c) * kChunk + i));
                v[c][i] = four.x;
                v[c][i + 1] = four.y;
                v[c][i + 2] = four.z;
                v[c][i + 3] = four.w;
            }
        }
    }
}

/// @param factors [width]: 1 / sqrt(run), negative where the channel's sign is
template <int Chunks>
QR_INLINE void rotate(float (&v)[Chunks][kChunk], const Row& row, const float* factors, const int* sources, int run) {
    if (sources) {
        permute(v, row, sources);
    }
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
#pragma unroll
            for (int i = 0; i < kChunk; i += 4) {
                float4 factor = *reinterpret_cast<const float4*>(factors + chunkOf(c) * kChunk + i);
                v[c][i] *= factor.x;
                v[c][i + 1] *= factor.y;
                v[c][i + 2] *= factor.z;
                v[c][i + 3] *= factor.w;
            }
        }
    }
    stagesWithinChunks(v, run);
    stagesAcrossLanes(v, run, row.lane);
    if (run > 32 * kChunk) {
        stagesAcrossRow(v, row, run);
    }
}

}  // namespace qr
