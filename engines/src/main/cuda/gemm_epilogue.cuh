// What happens to the sums of a low-bit product before they are stored: scales, zero points, bias, GELU, gate, residual.
#pragma once
#include "ptx.cuh"

namespace qr {

/// What every low-bit product is given. M tokens, N output channels; `out`, `gate` and `residual` have one element type.
struct GemmTerms {
    /// F32 [M], or [M, groups] where sums come scaled; S32 [M], or [M, groups].
    const float* scale;
    const int* sum;
    /// F32 [N], S32 [N], F32 [N]; the last may be null.
    const float* step;
    const int* zero;
    const float* bias;
    /// [M / gate_rows, N] and [M, N]; null where there is none. The residual may be `out` itself.
    const void* gate;
    const void* residual;
    void* out;
    int m, n;
    int gate_rows;
    /// 0 = F32, 1 = BF16, 2 = S32: the bare sums, nothing else applied.
    int out_type;
    /// 0 = none, 1 = GELU by tanh, 2 = GELU by erf.
    int activation;
};

/// Row length of the staging buffer in words: 64 outputs and 4 more, so that a fragment is written without conflicts.
constexpr int kStagePitch = 68;

QR_INLINE float activated(float x, int activation) {
    if (activation == 1) {
        float inner = 0.7978845608f * fmaf(0.044715f * x * x, x, x);
        return 0.5f * x * (1.0f + tanhf(inner));
    }
    if (activation == 2) {
        return 0.5f * x * (1.0f + erff(x * 0.7071067812f));
    }
    return x;
}

/// `count` elements from `index` on, in one load when they are four and `aligned`.
QR_INLINE void elements(const void* data, size_t index, int type, int count, bool aligned, float (&to)[4]) {
    if (aligned && count == 4) {
        if (type == 1) {
            uint2 words = *reinterpret_cast<const uint2*>(static_cast<const bf16*>(data) + index);
            to[0] = __uint_as_float(words.x << 16);
            to[1] = __uint_as_float(words.x & 0xFFFF0000u);
            to[2] = __uint_as_float(words.y << 16);
            to[3] = __uint_as_float(words.y & 0xFFFF0000u);
        } else {
            float4 four = *reinterpret_cast<const float4*>(static_cast<const float*>(data) + index);
            to[0] = four.x;
            to[1] = four.y;
            to[2] = four.z;
            to[3] = four.w;
        }
        return;
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (i < count) {
            to[i] = type == 1 ? toFloat(static_cast<const bf16*>(data)[index + i]) : static_cast<const float*>(data)[index + i];
        }
    }
}

/// Four outputs n .. n + 3 of one token from their sums (int, or float where K blocks were scaled), in defined order:
/// y = fma(float(sum - zero * total), scale * step, bias); GELU; then fma(y, gate, residual), gate 1 and residual 0 where
/// there is none.
template <bool SCALED>
struct Channels {
    float step[4], bias[4];
    int zero[4];
    int n, count;

    QR_INLINE void load(const GemmTerms& t, int first) {
        n = first;
        count = t.n - first < 4 ? t.n - first : 4;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            bool inside = i < count && t.out_type != 2;
            step[i] = inside ? t.step[first + i] : 0.0f;
            zero[i] = inside && !SCALED ? t.zero[first + i] : 0;
            bias[i] = inside && t.bias != nullptr ? t.bias[first + i] : 0.0f;
        }
    }

    QR_INLINE void store(const GemmTerms& t, int token, const int* sums) const {
        size_t at = static_cast<size_t>(token) * t.n + n;
        if (t.out_type == 2) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                if (i < count) {
                    static_cast<int*>(t.out)[at + i] = sums[i];
                }
            }
            return;
        }
        float scale = SCALED ? 1.0f : t.scale[token];
        int total = SCALED ? 0 : t.sum[token];
        bool aligned = (t.n & 3) == 0;
        float gate[4] = {1.0f, 1.0f, 1.0f, 1.0f}, residual[4] = {};
        if (t.gate != nullptr) {
            elements(t.gate, static_cast<size_t>(token / t.gate_rows) * t.n + n, t.out_type, count, aligned, gate);
        }
        if (t.residual != nullptr) {
            elements(t.residual, at, t.out_type, count, aligned, residual);
        }
        float y[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float value = SCALED ? __int_as_float(sums[i]) : static_cast<float>(sums[i] - zero[i] * total);
            y[i] = activated(fmaf(value, SCALED ? step[i] : scale * step[i], bias[i]), t.activation);
            y[i] = fmaf(y[i], gate[i], residual[i]);
        }
        write(t, at, y);
    }

private:
    QR_INLINE void write(const GemmTerms& t, size_t at, const float* y) const {
        bool whole = count == 4 && (t.n & 3) == 0;
        if (t.out_type == 1) {
            bf16* out = static_cast<bf16*>(t.out) + at;
            if (whole) {
                uint2 pair = {packBf16(y[0], y[1]), packBf16(y[2], y[3])};
                *reinterpret_cast<uint2*>(out) = pair;
                return;
            }
#pragma unroll
            for (int i = 0; i < 4; i++) {
                if (i < count) {
                    out[i] = toBf16(y[i]);
                }
            }
            return;
        }
        float* out = static_cast<float*>(t.out) + at;
        if (whole) {
            float4 four = {y[0], y[1], y[2], y[3]};
            *reinterpret_cast<float4*>(out) = four;
            return;
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            if (i < count) {
                out[i] = y[i];
            }
        }
    }
};

/// Puts the fragment of one 16 x 8 product (rows `row` and row + 8, tokens 2 t and 2 t + 1) into a staging buffer.
QR_INLINE void stage(int* buffer, int row, int token, const int* c) {
    buffer[token * kStagePitch + row] = c[0];
    buffer[(token + 1) * kStagePitch + row] = c[1];
    buffer[token * kStagePitch + row + 8] = c[2];
    buffer[(token + 1) * kStagePitch + row + 8] = c[3];
}

/// Stores TOKENS tokens from `token` on out of BUFFERS staging buffers, which are added; `index` of `threads` threads, 16
/// of which share a token.
template <bool SCALED, int TOKENS, int BUFFERS = 1>
QR_INLINE void unstage(const GemmTerms& t, const Channels<SCALED>& channels, const int* buffer, int token, int index,
                              int threads) {
    if (channels.count <= 0) {
        return;
    }
    for (int row = index / 16; row < TOKENS; row += threads / 16) {
        if (token + row >= t.m) {
            return;
        }
        const int* from = buffer + row * kStagePitch + index % 16 * 4;
        int4 first = *reinterpret_cast<const int4*>(from);
        int sums[4] = {first.x, first.y, first.z, first.w};
#pragma unroll
        for (int b = 1; b < BUFFERS; b++) {
            int4 more = *reinterpret_cast<const int4*>(from + b * TOKENS * kStagePitch);
            sums[0] += more.x;
            sums[1] += more.y;
            sums[2] += more.z;
            sums[3] += more.w;
        }
        channels.store(t, token + row, sums);
    }
}

}  // namespace qr
