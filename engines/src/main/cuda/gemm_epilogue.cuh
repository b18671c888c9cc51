// What happens to the sums of a low-bit product before they are stored: scales, zero points, bias, GELU, gate, residual.
//
// A warp (or a warpgroup) stores its sums part by part through a staging buffer, so that a thread has four neighbouring
// outputs of several tokens. Nothing waits for memory there: scales and sums of tokens are read before the last products and
// go through the padding of the buffer; the residual is brought to the L2 during the products and read, as the gate, before
// the sums of its part are staged. What the launch chooses (type, GELU, gate, residual) is a uniform branch for a part, not for an element.
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

/// Output types.
constexpr int kF32 = 0, kBf16 = 1, kSums = 2;

/// Row length of the staging buffer in words: 64 outputs and 4 more, so that a fragment is written without conflicts. The
/// first two of the four hold scale and sum of the row's token.
constexpr int kStagePitch = 68;
constexpr int kTermsAt = 64;

/// Who stores what: THREADS threads, 16 of which share a token, PARTS times TOKENS tokens of 64 outputs by way of BUFFERS
/// staging buffers, which are added.
template <int THREADS_, int TOKENS_, int PARTS_, int BUFFERS_, bool SCALED_>
struct StoreShape {
    static constexpr int THREADS = THREADS_, TOKENS = TOKENS_, PARTS = PARTS_, BUFFERS = BUFFERS_;
    /// Whether sums come as floats that scales by K blocks are part of already.
    static constexpr bool SCALED = SCALED_;
    /// Tokens of a part that one thread stores, STEP apart.
    static constexpr int STEP = THREADS / 16, ROWS = TOKENS / STEP;
    /// Tokens whose scale and sum one thread reads, THREADS apart.
    static constexpr int HELD = (PARTS * TOKENS + THREADS - 1) / THREADS;
};

/// GELU; the tanh form as x sigmoid(2 u), by approximate instructions of a relative error of about 2^-22.
QR_INLINE float activated(float x, int activation) {
    if (activation == 1) {
        float u = 0.7978845608f * fmaf(0.044715f * x * x, x, x);
        return x * fastReciprocal(1.0f + fastExp2(-2.8853900818f * u));
    }
    return 0.5f * x * (1.0f + erff(x * 0.7071067812f));
}

/// Scales and sums of the tokens, read early and put beside the sums of their part.
template <class P>
struct TokenTerms {
    float scale[P::HELD];
    int total[P::HELD];

    QR_INLINE void fetch(const GemmTerms& t, int token, int index) {
        if constexpr (!P::SCALED) {
#pragma unroll
            for (int i = 0; i < P::HELD; i++) {
                int at = token + i * P::THREADS + index;
                bool inside = at < t.m;
                scale[i] = inside ? t.scale[at] : 0.0f;
                total[i] = inside ? t.sum[at] : 0;
            }
        }
    }

    QR_INLINE void put(int* buffer, int part, int index) const {
        if constexpr (!P::SCALED) {
            int first = part * P::TOKENS;
            if (index / P::TOKENS == first % P::THREADS / P::TOKENS) {
                int* to = buffer + index % P::TOKENS * kStagePitch + kTermsAt;
                *reinterpret_cast<int2*>(to) = make_int2(__float_as_int(scale[first / P::THREADS]), total[first / P::THREADS]);
            }
        }
    }
};

/// What four outputs n .. n + 3 have of their own.
template <class P>
struct Channels {
    float step[4], bias[4];
    int zero[4];
    int n, count;

    QR_INLINE void load(const GemmTerms& t, int first) {
        n = first;
        count = t.n - first < 4 ? t.n - first : 4;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            bool inside = i < count && t.out_type != kSums;
            step[i] = inside ? t.step[first + i] : 0.0f;
            zero[i] = inside && !P::SCALED ? t.zero[first + i] : 0;
            bias[i] = inside && t.bias != nullptr ? t.bias[first + i] : 0.0f;
        }
    }

    /// Sums of the buffers: four outputs of the token of `row`.
    QR_INLINE void sums(const int* row, int (&to)[4]) const {
#pragma unroll
        for (int b = 0; b < P::BUFFERS; b++) {
            int4 four = *reinterpret_cast<const int4*>(row + b * P::TOKENS * kStagePitch);
            to[0] = b == 0 ? four.x : to[0] + four.x;
            to[1] = b == 0 ? four.y : to[1] + four.y;
            to[2] = b == 0 ? four.z : to[2] + four.z;
            to[3] = b == 0 ? four.w : to[3] + four.w;
        }
    }

    /// What activateRows has left there.
    QR_INLINE void floats(const int* row, float (&y)[4]) const {
        float4 four = *reinterpret_cast<const float4*>(row);
        y[0] = four.x;
        y[1] = four.y;
        y[2] = four.z;
        y[3] = four.w;
    }

    /// fma(float(sum - zero * total), scale * step, bias); `first` is the first word of the token's row.
    QR_INLINE void linear(const int* first, const int* row, float (&y)[4]) const {
        int of[4];
        sums(row, of);
        int2 terms = P::SCALED ? make_int2(0, 0) : *reinterpret_cast<const int2*>(first + kTermsAt);
        float scale = __int_as_float(terms.x);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float value = P::SCALED ? __int_as_float(of[i]) : static_cast<float>(of[i] - zero[i] * terms.y);
            y[i] = fmaf(value, P::SCALED ? step[i] : scale * step[i], bias[i]);
        }
    }
};

/// Four neighbouring elements as they lie in memory, of four or two bytes.
template <int TYPE>
QR_INLINE void load4(uint4& to, const void* data, size_t index) {
    if constexpr (TYPE == kBf16) {
        uint2 two = *reinterpret_cast<const uint2*>(static_cast<const bf16*>(data) + index);
        to.x = two.x;
        to.y = two.y;
    } else {
        to = *reinterpret_cast<const uint4*>(static_cast<const u32*>(data) + index);
    }
}

template <int TYPE>
QR_INLINE void widen4(const uint4& from, float (&to)[4]) {
    to[0] = __uint_as_float(TYPE == kBf16 ? from.x << 16 : from.x);
    to[1] = __uint_as_float(TYPE == kBf16 ? from.x & 0xFFFF0000u : from.y);
    to[2] = __uint_as_float(TYPE == kBf16 ? from.y << 16 : from.z);
    to[3] = __uint_as_float(TYPE == kBf16 ? from.y & 0xFFFF0000u : from.w);
}

/// Gate and residual of a part, read before its sums are there.
template <class P>
struct Ahead {
    uint4 residual[P::ROWS];
    uint4 gate;
    /// Whether the part is stored one element at a time: rows of outputs are not aligned, or its tokens have several gates.
    bool slow;

    QR_INLINE void fetch(const GemmTerms& t, const Channels<P>& channels, int token, int index) {
        slow = (t.n & 3) != 0;
        u32 one = t.out_type == kBf16 ? 0x3F803F80u : 0x3F800000u;
        gate = make_uint4(one, one, one, one);
        if (t.gate != nullptr && !slow) {
            int row = token / t.gate_rows;
            int end = token + P::TOKENS < t.m ? token + P::TOKENS : t.m;
            slow = end > (row + 1) * t.gate_rows;
            if (!slow && channels.count > 0 && token < t.m) {
                load(t, gate, t.gate, static_cast<size_t>(row) * t.n + channels.n);
            }
        }
#pragma unroll
        for (int i = 0; i < P::ROWS; i++) {
            residual[i] = make_uint4(0, 0, 0, 0);
        }
        if (t.residual != nullptr && !slow && channels.count > 0) {
            int first = token + index / 16;
            size_t at = static_cast<size_t>(first) * t.n + channels.n;
            if (t.out_type == kBf16) {
                fetchRows<kBf16>(t, at, first);
            } else {
                fetchRows<kF32>(t, at, first);
            }
        }
    }

private:
    QR_INLINE static void load(const GemmTerms& t, uint4& to, const void* data, size_t index) {
        if (t.out_type == kBf16) {
            load4<kBf16>(to, data, index);
        } else {
            load4<kF32>(to, data, index);
        }
    }

    template <int TYPE>
    QR_INLINE void fetchRows(const GemmTerms& t, size_t at, int first) {
#pragma unroll
        for (int i = 0; i < P::ROWS; i++) {
            if (first + i * P::STEP < t.m) {
                load4<TYPE>(residual[i], t.residual, at + static_cast<size_t>(i * P::STEP) * t.n);
            }
        }
    }
};

QR_INLINE float element(const GemmTerms& t, const void* data, size_t index) {
    return t.out_type == kBf16 ? toFloat(static_cast<const bf16*>(data)[index]) : static_cast<const float*>(data)[index];
}

/// Puts GELU(y) of a thread's outputs in the place of their sums.
template <class P>
QR_INLINE void activateRows(const GemmTerms& t, const Channels<P>& channels, int* buffer, int index) {
#pragma unroll 1
    for (int i = 0; i < P::ROWS; i++) {
        int* first = buffer + (index / 16 + i * P::STEP) * kStagePitch;
        int* row = first + index % 16 * 4;
        float y[4];
        channels.linear(first, row, y);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            y[j] = activated(y[j], t.activation);
        }
        *reinterpret_cast<float4*>(row) = make_float4(y[0], y[1], y[2], y[3]);
    }
}

/// Stores a thread's outputs of a part: reads, arithmetic and writes of four rows each, so that they overlap.
template <class P, int TYPE>
QR_INLINE void storeRows(const GemmTerms& t, const Channels<P>& channels, const Ahead<P>& ahead, const int* buffer, int token,
                         int index) {
    constexpr int PHASE = P::ROWS < 4 ? P::ROWS : 4;
    int left = t.m - token - index / 16;
    size_t at = static_cast<size_t>(token + index / 16) * t.n + channels.n, pitch = static_cast<size_t>(P::STEP) * t.n;
    const int* mine = buffer + index / 16 * kStagePitch + index % 16 * 4;
    float gate[4];
    widen4<TYPE>(ahead.gate, gate);
#pragma unroll
    for (int phase = 0; phase < P::ROWS; phase += PHASE) {
        float y[PHASE][4];
        if (t.activation != 0) {
#pragma unroll
            for (int i = 0; i < PHASE; i++) {
                channels.floats(mine + (phase + i) * P::STEP * kStagePitch, y[i]);
            }
        } else {
#pragma unroll
            for (int i = 0; i < PHASE; i++) {
                const int* row = mine + (phase + i) * P::STEP * kStagePitch;
                channels.linear(row - index % 16 * 4, row, y[i]);
            }
        }
#pragma unroll
        for (int i = 0; i < PHASE; i++) {
            float residual[4];
            widen4<TYPE>(ahead.residual[phase + i], residual);
#pragma unroll
            for (int j = 0; j < 4; j++) {
                y[i][j] = fmaf(y[i][j], gate[j], residual[j]);
            }
            if ((phase + i) * P::STEP < left) {
                size_t to = at + (phase + i) * pitch;
                if constexpr (TYPE == kBf16) {
                    uint2 two = {packBf16(y[i][0], y[i][1]), packBf16(y[i][2], y[i][3])};
                    *reinterpret_cast<uint2*>(static_cast<bf16*>(t.out) + to) = two;
                } else {
                    *reinterpret_cast<float4*>(static_cast<float*>(t.out) + to) = make_float4(y[i][0], y[i][1], y[i][2], y[i][3]);
                }
            }
        }
    }
}

/// Stores a thread's outputs of a part one element at a time, of any type and with any gates.
template <class P>
QR_INLINE void storeElements(const GemmTerms& t, const Channels<P>& channels, int* buffer, int token, int index) {
#pragma unroll 1
    for (int i = index / 16; i < P::TOKENS && token + i < t.m; i += P::STEP) {
        int* row = buffer + i * kStagePitch + index % 16 * 4;
        if (t.out_type == kSums) {
            int of[4];
            channels.sums(row, of);
            *reinterpret_cast<int4*>(row) = make_int4(of[0], of[1], of[2], of[3]);
        } else if (t.activation == 0) {
            float y[4];
            channels.linear(buffer + i * kStagePitch, row, y);
            *reinterpret_cast<float4*>(row) = make_float4(y[0], y[1], y[2], y[3]);
        }
        size_t at = static_cast<size_t>(token + i) * t.n + channels.n;
        size_t gate_at = t.gate == nullptr ? 0 : static_cast<size_t>((token + i) / t.gate_rows) * t.n + channels.n;
#pragma unroll 1
        for (int j = 0; j < channels.count; j++) {
            if (t.out_type == kSums) {
                static_cast<int*>(t.out)[at + j] = row[j];
                continue;
            }
            float gate = t.gate == nullptr ? 1.0f : element(t, t.gate, gate_at + j);
            float residual = t.residual == nullptr ? 0.0f : element(t, t.residual, at + j);
            float y = fmaf(__int_as_float(row[j]), gate, residual);
            if (t.out_type == kBf16) {
                static_cast<bf16*>(t.out)[at + j] = toBf16(y);
            } else {
                static_cast<float*>(t.out)[at + j] = y;
            }
        }
    }
}

/// The bare sums of a part.
template <class P>
QR_INLINE void storeSums(const GemmTerms& t, const Channels<P>& channels, const int* buffer, int token, int index) {
#pragma unroll
    for (int i = 0; i < P::ROWS; i++) {
        int row = index / 16 + i * P::STEP;
        if (token + row < t.m) {
            int of[4];
            channels.sums(buffer + row * kStagePitch + index % 16 * 4, of);
            int* out = static_cast<int*>(t.out) + static_cast<size_t>(token + row) * t.n + channels.n;
            *reinterpret_cast<int4*>(out) = make_int4(of[0], of[1], of[2], of[3]);
        }
    }
}

/// Everything of a thread that stores: 16 threads share a token, each has four outputs of it.
template <class P>
struct Storing {
    const GemmTerms& t;
    int token, index;
    TokenTerms<P> terms;
    Channels<P> channels;

    QR_INLINE Storing(const GemmTerms& given, int first_token, int thread) : t(given), token(first_token), index(thread) {}

    /// To be called before the products; `n` is the first output of the warp or warpgroup.
    QR_INLINE void begin(int n) {
        terms.fetch(t, token, index);
        if (t.residual != nullptr) {
            int bytes = t.out_type == kBf16 ? 2 : 4;
#pragma unroll
            for (int i = 0; i < P::HELD; i++) {
                int row = token + i * P::THREADS + index;
                const char* from = static_cast<const char*>(t.residual) + (static_cast<size_t>(row) * t.n + n) * bytes;
                if (row < t.m && n < t.n) {
                    prefetchL2(from);
                }
                if (row < t.m && n + 32 < t.n) {
                    prefetchL2(from + 32 * bytes);
                }
            }
        }
    }

    /// To be called before the last products are waited for.
    QR_INLINE void prepare(int n) { channels.load(t, n + index % 16 * 4); }

    /// `stage(part)` puts the sums of a part into a buffer, `meet()` is the barrier of those who share the buffers.
    template <class Stage, class Meet>
    QR_INLINE void store(int* buffer, Stage stage, Meet meet) {
#pragma unroll
        for (int part = 0; part < P::PARTS; part++) {
            Ahead<P> ahead;
            ahead.fetch(t, channels, token + part * P::TOKENS, index);
            stage(part);
            terms.put(buffer, part, index);
            meet();
            if (channels.count > 0) {
                storePart(buffer, token + part * P::TOKENS, ahead);
            }
            meet();
        }
    }

private:
    QR_INLINE void storePart(int* buffer, int first, const Ahead<P>& ahead) const {
        if (t.activation != 0 && t.out_type != kSums) {
            activateRows<P>(t, channels, buffer, index);
        }
        if (ahead.slow) {
            storeElements<P>(t, channels, buffer, first, index);
        } else if (t.out_type == kSums) {
            storeSums<P>(t, channels, buffer, first, index);
        } else if (t.out_type == kBf16) {
            storeRows<P, kBf16>(t, channels, ahead, buffer, first, index);
        } else {
            storeRows<P, kF32>(t, channels, ahead, buffer, first, index);
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

}  // namespace qr
