// Codes of a row that lies in registers: scales, quotients, rounding, packing, sums.
#pragma once
#include "rotate_rows.cuh"

namespace qr {

enum Scaling { kToken = 0, kRowNormalized = 1, kBlock = 2, kBlockExact = 3 };

constexpr u32 kMagnitude = 0x7fffffffu;

/// How the scales lie and the codes are written.
struct Format {
    int scaling;
    int group;
    float maxCode, clip;
    void* codes;
    int packed;
    float* scales;
    int* sums;

    /// Whether a quotient can lie beyond the largest code.
    QR_INLINE bool clamps() const { return scaling == kRowNormalized || clip < 1.0f; }
};

QR_INLINE float positive(float scale) {
    return scale > 0 ? scale : 1.0f;
}

/// Whether scale and values are ordinary: no quotient of theirs leaves the floats, and none is NaN. `raw` is the scale before `positive`.
QR_INLINE bool ordinary(float raw) {
    return raw == 0.0f || (raw >= 0x1p-60f && raw <= 0x1p60f);
}

/// Division by one scale, rounded as IEEE 754 says, without its cost: by the rounded reciprocal and one correction (Markstein).
/// Values beyond the largest code stop there.
struct Quantizer {
    float scale, inverse, limit;

    QR_INLINE Quantizer(float s, float maxCode) : scale(s), inverse(1.0f / s), limit((maxCode + 0.4375f) * s) {}

    /// Ends with the code as a byte: behind 1.5 2^23 a float has no fraction, its bits count in ones.
    template <bool CLAMPS>
    QR_INLINE u32 code(float v) const {
        float inside = CLAMPS ? fminf(fmaxf(v, -limit), limit) : v;
        float quotient = inside * inverse;
        float rest = fmaf(-quotient, scale, inside);
        return __float_as_uint(fmaf(rest, inverse, quotient) + 12582912.0f);
    }
};

/// The same for every scale and value, after both were multiplied by a power of two that brings the scale near 1.
struct AnyQuantizer {
    float scale, inverse, power, limit;

    QR_INLINE AnyQuantizer(float s, float maxCode) {
        int exponent = static_cast<int>(__float_as_uint(s) >> 23 & 255);
        int shift = min(max(127 - exponent, -126), 126);
        power = __uint_as_float(static_cast<u32>(127 + shift) << 23);
        scale = s * power;
        inverse = 1.0f / scale;
        limit = (maxCode + 0.4375f) * scale;
    }

    QR_INLINE u32 code(float v) const {
        float scaled = minNan(maxNan(v * power, -limit), limit);
        float quotient = scaled * inverse;
        float rest = fmaf(-quotient, scale, scaled);
        return static_cast<u32>(__float2int_rn(fmaf(rest, inverse, quotient)));
    }
};

QR_INLINE u32 magnitude(const float (&v)[kChunk]) {
    float largest = 0;
#pragma unroll
    for (int i = 0; i < kChunk; i++) {
        largest = maxNan(largest, fabsf(v[i]));
    }
    return __float_as_uint(largest) & kMagnitude;
}

/// Writes the low bytes of a chunk's codes, as bytes or as nibbles with the even element below, and returns their sum. `to` are the
/// codes of the row, `at` is the chunk's first element.
QR_INLINE int writeCodes(const u32 (&q)[kChunk], bool packed, u8* to, int at) {
    u32 words[4];
    int sum = 0;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        u32 low = __byte_perm(q[4 * i], q[4 * i + 1], 0x0040);
        u32 high = __byte_perm(q[4 * i + 2], q[4 * i + 3], 0x0040);
        words[i] = __byte_perm(low, high, 0x5410);
        sum = __dp4a(static_cast<int>(words[i]), 0x01010101, sum);
    }
    if (packed) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            u32 nibbles = words[i] & 0x0f0f0f0fu;
            words[i] = __byte_perm(nibbles | nibbles >> 4, 0, 0x4420);
        }
        *reinterpret_cast<uint2*>(to + at / 2) = make_uint2(words[0] | words[1] << 16, words[2] | words[3] << 16);
    } else {
        *reinterpret_cast<uint4*>(to + at) = make_uint4(words[0], words[1], words[2], words[3]);
    }
    return sum;
}

/// Codes of a chunk by a scale, times `multiplier`.
template <bool CLAMPS>
QR_INLINE int quantizeChunk(const float (&v)[kChunk], const Quantizer& quantizer, u32 multiplier, bool packed, u8* to, int at) {
    u32 q[kChunk];
#pragma unroll
    for (int i = 0; i < kChunk; i++) {
        q[i] = quantizer.code<CLAMPS>(v[i]) * multiplier;
    }
    return writeCodes(q, packed, to, at);
}

/// The same for scales and values of any size, NaN among them, which become 0.
QR_INLINE int quantizeAnyChunk(const float (&v)[kChunk], const AnyQuantizer& quantizer, u32 multiplier, bool packed, u8* to, int at) {
    u32 q[kChunk];
#pragma unroll
    for (int i = 0; i < kChunk; i++) {
        q[i] = quantizer.code(v[i]) * multiplier;
    }
    return writeCodes(q, packed, to, at);
}

/// Largest magnitude of the chunk's group of channels (16 to 512), as bits.
QR_INLINE u32 groupMagnitude(const float (&v)[kChunk], int group) {
    u32 largest = magnitude(v);
    for (int step = 1; step * kChunk < group; step *= 2) {
        largest = max(largest, __shfl_xor_sync(kAll, largest, step));
    }
    return largest;
}

/// The row's scale before `positive`.
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
        return rms * f.clip / f.maxCode;
    }
    u32 largest = 0;
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        largest = max(largest, magnitude(v[c]));
    }
    float absmax = __uint_as_float(maxOverRow(largest, row.lane, row.partial + 16));
    float divisor = f.scaling == kBlock ? f.maxCode * floorf(127.0f / f.maxCode) : f.maxCode;
    return absmax * f.clip / divisor;
}

/// Codes by one scale of the row.
template <bool CLAMPS, int Chunks>
QR_INLINE int quantizeByRow(const float (&v)[Chunks][kChunk], const Row& row, const Format& f, float scale, u8* codes) {
    Quantizer quantizer(scale, f.maxCode);
    int sum = 0;
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
            sum += quantizeChunk<CLAMPS>(v[c], quantizer, 1, f.packed, codes, chunkOf(c) * kChunk);
        }
    }
    return sum;
}

/// Codes by scales of groups: multiples of the row's scale `t` (kBlock), or their own (kBlockExact). Also every row that is not
/// ordinary, as one of groups whose scale is the row's.
template <int Chunks>
QR_INLINE int quantizeByGroups(const float (&v)[Chunks][kChunk], const Row& row, const Format& f, float t, bool usual,
                               u8* codes, float* scales) {
    float most = floorf(127.0f / f.maxCode);
    int sum = 0;
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        bool inside = chunkOf(c) < row.chunks, plain = usual;
        int at = chunkOf(c) * kChunk;
        float multiplier = 1, scale = t;
        if (f.scaling >= kBlock) {
            float range = __uint_as_float(groupMagnitude(v[c], f.group)) * f.clip;
            if (f.scaling == kBlock) {
                multiplier = minNan(maxNan(ceilf(range / (t * f.maxCode)), 1.0f), most);
                scale = t * multiplier;
            } else {
                scale = positive(range / f.maxCode);
                plain = ordinary(range / f.maxCode);
                if (inside && (at & (f.group - 1)) == 0) {
                    scales[at / f.group] = scale;
                }
            }
        }
        if (inside) {
            u32 times = static_cast<u32>(__float2int_rn(multiplier));
            sum += plain ? quantizeChunk<true>(v[c], Quantizer(scale, f.maxCode), times, f.packed, codes, at)
                         : quantizeAnyChunk(v[c], AnyQuantizer(scale, f.maxCode), times, f.packed, codes, at);
        }
    }
    return sum;
}

template <int Chunks>
QR_INLINE void quantize(const float (&v)[Chunks][kChunk], const Row& row, const Format& f, long long rowIndex) {
    u8* codes = static_cast<u8*>(f.codes) + rowIndex * (f.packed ? row.width / 2 : row.width);
    float raw = f.scaling == kBlockExact ? 1.0f : rowScale(v, row, f);
    float t = positive(raw);
    bool usual = ordinary(raw);
    int sum;
    if (f.scaling >= kBlock || !usual) {
        sum = quantizeByGroups(v, row, f, t, usual, codes, f.scales + (f.scaling == kBlockExact ? rowIndex * (row.width / f.group) : 0));
    } else if (f.clamps()) {
        sum = quantizeByRow<true>(v, row, f, t, codes);
    } else {
        sum = quantizeByRow<false>(v, row, f, t, codes);
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

}  // namespace qr
