// Rotate and quantize the rows of an activation in one pass: [producer,] random signs, block Hadamard, scales, codes.
//
// A row [width] is held in registers: chunk c of thread t is the 16 elements from 16 (c T + t) on, T = blockDim.x a multiple of 32.
// T of 32: blockDim.y warps with a row each, otherwise one row for a block. Chunks behind the width hold zeros. Butterflies up to
// 8 apart stay within a chunk, up to 256 apart go through shuffles, wider ones (and permutations) through shared memory.
//
// Everything but the GELU is exact: the same operations in the same order as the Java twin (RotateQuantizeTwin), so the same codes.
// Memory: 2 or 4 bytes read, 1 or 0.5 written for an element; design target 80 % of copy bandwidth.
#include "ptx.cuh"

namespace qr {

enum Scaling { kToken = 0, kRowNormalized = 1, kBlock = 2, kBlockExact = 3 };
enum Producer { kPlain, kNorm, kGelu };

constexpr int kChunk = 16;
constexpr u32 kAll = 0xffffffffu;
constexpr u32 kMagnitude = 0x7fffffffu;

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
    for (int w = 1; w < static_cast<int>(blockDim.x) / 32; w++) {
        sum += __uint_as_float(partial[w]);
    }
    return sum;
}

/// Of magnitudes as bits: their order as integers is that of the floats, with NaN above infinity.
QR_INLINE u32 maxOverRow(u32 v, u32* partial) {
    v = __reduce_max_sync(kAll, v);
    if (blockDim.x == 32) {
        return v;
    }
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = v;
    }
    __syncthreads();
    u32 largest = partial[0];
    for (int w = 1; w < static_cast<int>(blockDim.x) / 32; w++) {
        largest = max(largest, partial[w]);
    }
    return largest;
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
        for (int w = 1; w < static_cast<int>(blockDim.x) / 32; w++) {
            v += static_cast<int>(partial[w]);
        }
    }
    return v;
}

// ---- loading ----------------------------------------------------------------------------------------------------------------

QR_INLINE void loadChunk(float (&v)[kChunk], const float* x) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float4 four = reinterpret_cast<const float4*>(x)[i];
        v[4 * i] = four.x;
        v[4 * i + 1] = four.y;
        v[4 * i + 2] = four.z;
        v[4 * i + 3] = four.w;
    }
}

QR_INLINE void loadChunk(float (&v)[kChunk], const bf16* x) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
        uint4 eight = reinterpret_cast<const uint4*>(x)[i];
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

QR_INLINE void stagesWithinChunk(float (&v)[kChunk], int run) {
#pragma unroll
    for (int half = 1; half < kChunk; half *= 2) {
        if (half < run) {
#pragma unroll
            for (int i = 0; i < kChunk; i++) {
                if ((i & half) == 0) {
                    float a = v[i], b = v[i + half];
                    v[i] = a + b;
                    v[i + half] = a - b;
                }
            }
        }
    }
}

QR_INLINE void stagesAcrossLanes(float (&v)[kChunk], int run, int lane) {
    for (int step = 1; step < 32 && step * kChunk < run; step *= 2) {
        float sign = lane & step ? -1.0f : 1.0f;
#pragma unroll
        for (int i = 0; i < kChunk; i++) {
            // a + b in the lower lane, a - b in the upper one: the product by 1 or -1 is exact.
            v[i] = fmaf(sign, v[i], __shfl_xor_sync(kAll, v[i], step));
        }
    }
}

template <int Chunks>
QR_INLINE void store(const float (&v)[Chunks][kChunk], const Row& row) {
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                reinterpret_cast<float4*>(row.staged + chunkOf(c) * kChunk)[i] =
                    make_float4(v[c][4 * i], v[c][4 * i + 1], v[c][4 * i + 2], v[c][4 * i + 3]);
            }
        }
    }
    rowBarrier();
}

template <int Chunks>
QR_INLINE void permute(float (&v)[Chunks][kChunk], const Row& row, const int* sources) {
    store(v, row);
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
#pragma unroll
            for (int i = 0; i < kChunk; i++) {
                v[c][i] = row.staged[sources[chunkOf(c) * kChunk + i]];
            }
        }
    }
    rowBarrier();
}

/// Stages 512 apart and more: pairs of the row in shared memory.
template <int Chunks>
QR_INLINE void stagesAcrossRow(float (&v)[Chunks][kChunk], const Row& row, int run) {
    store(v, row);
    for (int half = 32 * kChunk; half < run; half *= 2) {
        for (int pair = static_cast<int>(threadIdx.x); pair < row.width / 2; pair += static_cast<int>(blockDim.x)) {
            int low = pair / half * 2 * half + pair % half;
            float a = row.staged[low], b = row.staged[low + half];
            row.staged[low] = a + b;
            row.staged[low + half] = a - b;
        }
        rowBarrier();
    }
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
            loadChunk(v[c], row.staged + chunkOf(c) * kChunk);
        }
    }
}

template <int Chunks>
QR_INLINE void rotate(float (&v)[Chunks][kChunk], const Row& row, const u32* signs, const int* sources, int run, float factor) {
    if (sources) {
        permute(v, row, sources);
    }
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        u32 negative = chunkOf(c) < row.chunks ? reinterpret_cast<const u16*>(signs)[chunkOf(c)] : 0;
#pragma unroll
        for (int i = 0; i < kChunk; i++) {
            v[c][i] *= negative >> i & 1 ? -factor : factor;
        }
        stagesWithinChunk(v[c], run);
        stagesAcrossLanes(v[c], run, row.lane);
    }
    if (run > 32 * kChunk) {
        stagesAcrossRow(v, row, run);
    }
}

// ---- quantization -----------------------------------------------------------------------------------------------------------

/// Division by one scale, rounded as IEEE 754 says, without its cost: by the rounded reciprocal and one correction (Markstein),
/// after both sides were multiplied by a power of two that brings the scale near 1. Values beyond the largest code stop there.
struct Quantizer {
    float scale, inverse, power, limit;

    QR_INLINE Quantizer(float s, float maxCode) {
        int exponent = static_cast<int>(__float_as_uint(s) >> 23 & 255);
        int shift = min(max(127 - exponent, -126), 126);
        power = __uint_as_float(static_cast<u32>(127 + shift) << 23);
        scale = s * power;
        inverse = 1.0f / scale;
        limit = (maxCode + 0.4375f) * scale;
    }

    QR_INLINE int code(float v) const {
        float scaled = minNan(maxNan(v * power, -limit), limit);
        float quotient = scaled * inverse;
        float rest = fmaf(-quotient, scale, scaled);
        return __float2int_rn(fmaf(rest, inverse, quotient));
    }
};

QR_INLINE float positive(float scale) {
    return scale > 0 ? scale : 1.0f;
}

QR_INLINE u32 magnitude(const float (&v)[kChunk]) {
    u32 largest = 0;
#pragma unroll
    for (int i = 0; i < kChunk; i++) {
        largest = max(largest, __float_as_uint(v[i]) & kMagnitude);
    }
    return largest;
}

/// Writes a chunk's codes, as bytes or as nibbles with the even element below, and returns their sum.
QR_INLINE int writeCodes(const float (&v)[kChunk], const Quantizer& quantizer, int multiplier, void* codes, bool packed, long long at) {
    int q[kChunk];
    int sum = 0;
#pragma unroll
    for (int i = 0; i < kChunk; i++) {
        q[i] = quantizer.code(v[i]) * multiplier;
        sum += q[i];
    }
    u32 words[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        u32 low = __byte_perm(static_cast<u32>(q[4 * i]), static_cast<u32>(q[4 * i + 1]), 0x0040);
        u32 high = __byte_perm(static_cast<u32>(q[4 * i + 2]), static_cast<u32>(q[4 * i + 3]), 0x0040);
        words[i] = __byte_perm(low, high, 0x5410);
    }
    if (packed) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            u32 nibbles = words[i] & 0x0f0f0f0fu;
            words[i] = __byte_perm(nibbles | nibbles >> 4, 0, 0x4420);
        }
        reinterpret_cast<uint2*>(static_cast<u8*>(codes) + at / 2)[0] = make_uint2(words[0] | words[1] << 16, words[2] | words[3] << 16);
    } else {
        reinterpret_cast<uint4*>(static_cast<u8*>(codes) + at)[0] = make_uint4(words[0], words[1], words[2], words[3]);
    }
    return sum;
}

/// How the scales lie and the codes are written.
struct Format {
    int scaling;
    int group;
    float maxCode, clip;
    void* codes;
    int packed;
    float* scales;
    int* sums;
};

/// Largest magnitude of the chunk's group of channels (16 to 512), as bits.
QR_INLINE u32 groupMagnitude(const float (&v)[kChunk], int group) {
    u32 largest = magnitude(v);
    for (int step = 1; step * kChunk < group; step *= 2) {
        largest = max(largest, __shfl_xor_sync(kAll, largest, step));
    }
    return largest;
}

template <int Chunks>
QR_INLINE float rowScale(const float (&v)[Chunks][kChunk], const Row& row, const Format& f) {
    if (f.scaling == kRowNormalized) {
        float squares = 0;
#pragma unroll
        for (int c = 0; c < Chunks; c++) {
#pragma unroll
            for (int i = 0; i < kChunk; i++) {
                squares += v[c][i] * v[c][i];
            }
        }
        float rms = sqrtf(sumOverRow(squares, row.partial + 16) / static_cast<float>(row.width));
        return positive(rms * f.clip / f.maxCode);
    }
    u32 largest = 0;
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        largest = max(largest, magnitude(v[c]));
    }
    float absmax = __uint_as_float(maxOverRow(largest, row.partial + 16));
    float divisor = f.scaling == kBlock ? f.maxCode * floorf(127.0f / f.maxCode) : f.maxCode;
    return positive(absmax * f.clip / divisor);
}

template <int Chunks>
QR_INLINE void quantize(const float (&v)[Chunks][kChunk], const Row& row, const Format& f, long long rowIndex) {
    int sum = 0;
    long long start = rowIndex * row.width;
    float t = f.scaling == kBlockExact ? 1.0f : rowScale(v, row, f);
    Quantizer quantizer(t, f.maxCode);
    float most = floorf(127.0f / f.maxCode);
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        bool inside = chunkOf(c) < row.chunks;
        long long at = start + chunkOf(c) * kChunk;
        float multiplier = 1;
        if (f.scaling >= kBlock) {
            float range = __uint_as_float(groupMagnitude(v[c], f.group)) * f.clip;
            float scale = positive(range / f.maxCode);
            if (f.scaling == kBlock) {
                multiplier = minNan(maxNan(ceilf(range / (t * f.maxCode)), 1.0f), most);
                scale = t * multiplier;
            } else if (inside && chunkOf(c) * kChunk % f.group == 0) {
                f.scales[at / f.group] = scale;
            }
            quantizer = Quantizer(scale, f.maxCode);
        }
        if (inside) {
            sum += writeCodes(v[c], quantizer, __float2int_rn(multiplier), f.codes, f.packed, at);
        }
    }
    if (f.scaling != kBlockExact && threadIdx.x == 0) {
        f.scales[rowIndex] = t;
    }
    if (f.sums) {
        sum = sumToFirst(sum, row.partial + 24);
        if (threadIdx.x == 0) {
            f.sums[rowIndex] = sum;
        }
    }
}

template <class T, int Chunks, Producer P>
QR_INLINE void run(const T* x, int rows, int width, const u32* signs, const int* sources, int block, float factor, const Format& format,
                   Modulation modulation, int rowsPerModulation) {
    __shared__ u32 partial[32];
    QR_DYNAMIC_SHARED(staged);
    long long rowIndex = static_cast<long long>(blockIdx.x) * blockDim.y + threadIdx.y;
    if (rowIndex >= rows) {
        return;
    }
    Row row{width, width / kChunk, static_cast<int>(threadIdx.x % 32), partial,
            reinterpret_cast<float*>(staged) + static_cast<int>(threadIdx.y) * width};
    float v[Chunks][kChunk];
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
            loadChunk(v[c], x + rowIndex * width + chunkOf(c) * kChunk);
        } else {
#pragma unroll
            for (int i = 0; i < kChunk; i++) {
                v[c][i] = 0;
            }
        }
    }
    if (P == kNorm) {
        long long first = rowIndex / rowsPerModulation * width;
        modulation.gain = modulation.gain ? modulation.gain + first : nullptr;
        modulation.shift = modulation.shift ? modulation.shift + first : nullptr;
        normalize(v, row, modulation);
    }
    if (P == kGelu) {
#pragma unroll
        for (int c = 0; c < Chunks; c++) {
#pragma unroll
            for (int i = 0; i < kChunk; i++) {
                v[c][i] = gelu(v[c][i]);
            }
        }
    }
    if (signs) {
        rotate(v, row, signs, sources, block, factor);
    }
    quantize(v, row, format, rowIndex);
}

}  // namespace qr

/// x [rows, width]; signs: bit k is set where channel k is negated (null: no rotation); sources [width]: channel that comes to a place
/// (null: its own); block: channels of a Hadamard block, a power of two that divides the width; factor 1 / sqrt(block).
/// scaling: 0 token, 1 row-normalised, 2 blocks as multiples, 3 blocks exact; group: channels of a block's scale, 16 to 512, a power of
/// two that divides the width. codes [rows, width] s8, or [rows, width / 2] when packed; scales [rows] (3: [rows, width / group]);
/// sums [rows] or null. gain, shift [rows / rowsPerModulation, width] f32 or null, and what follows: of the norm alone.
#define QR_ROTATE_QUANTIZE(name, T, chunks, producer)                                                                              \
    extern "C" __global__ void __launch_bounds__(256, 1) name(                                                                        \
        const T* __restrict__ x, int rows, int width, const qr::u32* __restrict__ signs, const int* __restrict__ sources, int block, \
        float factor, int scaling, int group, float maxCode, float clip, void* __restrict__ codes, int packed,                     \
        float* __restrict__ scales, int* __restrict__ sums, const float* __restrict__ gain, const float* __restrict__ shift,       \
        float gainOffset, float epsilon, int rowsPerModulation, int centred) {                                                     \
        qr::run<T, chunks, producer>(x, rows, width, signs, sources, block, factor,                                                \
                                     qr::Format{scaling, group, maxCode, clip, codes, packed, scales, sums},                       \
                                     qr::Modulation{gain, shift, gainOffset, epsilon, centred}, rowsPerModulation);                \
    }
#define QR_ROTATE_QUANTIZE_TYPES(name, chunks, producer)             \
    QR_ROTATE_QUANTIZE(name##_f32_##chunks, float, chunks, producer) \
    QR_ROTATE_QUANTIZE(name##_bf16_##chunks, qr::bf16, chunks, producer)
#define QR_ROTATE_QUANTIZE_ALL(name, producer)         \
    QR_ROTATE_QUANTIZE_TYPES(name, 1, producer)        \
    QR_ROTATE_QUANTIZE_TYPES(name, 2, producer)        \
    QR_ROTATE_QUANTIZE_TYPES(name, 4, producer)

QR_ROTATE_QUANTIZE_ALL(qr_rotate_quantize, qr::kPlain)
QR_ROTATE_QUANTIZE_ALL(qr_norm_rotate_quantize, qr::kNorm)
QR_ROTATE_QUANTIZE_ALL(qr_gelu_rotate_quantize, qr::kGelu)
