// Norms of rows or heads followed by rotary positions, or either alone; types and endings of names as in norm.cu. Rotary tables are
// f32.
#include "norm.cuh"

namespace qr {

/// Norm over whole rows or over each head, then rotary positions; either may be left out.
struct NormRopeTask {
    const void* x;         // [rows, heads * headDim], rows `rowStride` elements apart
    void* y;               // [rows, heads * headDim]
    const float* weight;   // [width of the norm] or null
    const float* bias;     // like weight
    const float* cosines;  // [positions, headDim / 2] or null
    const float* sines;
    long long rowStride;
    int heads;
    int headDim;
    int tokens;            // row r is token r % tokens
    int firstPosition;     // of token 0
    int anglesPerToken;    // 1, or heads where every head has angles of its own
    int normHeads;         // heads that are normalized together: 0 (no norm), 1 (each by itself) or all
    int centred;
    int interleaved;       // pairs (2j, 2j + 1), or else (j, j + headDim / 2)
    float epsilon;

    /// Where the angles of a head of this block's row begin.
    QR_INLINE long long angles(int head) const {
        int token = firstPosition + (int)(blockIdx.x % tokens);
        return ((long long)token * anglesPerToken + (anglesPerToken > 1 ? head : 0)) * (headDim / 2);
    }
};

QR_INLINE void turn(float& a, float& b, float c, float s) {
    float turned = a * c - b * s;
    b = a * s + b * c;
    a = turned;
}

/// Grid: rows. A warp takes a head at a time.
template <class X, class Y>
QR_INLINE void normRope(const NormRopeTask& t) {
    __shared__ float partial[32];
    const X* x = static_cast<const X*>(t.x) + blockIdx.x * t.rowStride;
    Y* y = static_cast<Y*>(t.y) + (long long)blockIdx.x * t.heads * t.headDim;
    int lane = threadIdx.x % 32;
    int half = t.headDim / 2;
    float2 m = make_float2(0.0f, 1.0f);
    if (t.normHeads == t.heads && t.heads > 1) {
        m = moments(
                x, t.heads * t.headDim, (int)threadIdx.x, NORM_THREADS, t.centred, t.epsilon, BlockTotal{partial});
    }
    for (int head = threadIdx.x / 32; head < t.heads; head += NORM_THREADS / 32) {
        const X* own = x + head * t.headDim;
        if (t.normHeads == 1) {
            m = moments(own, t.headDim, lane, 32, t.centred, t.epsilon, WarpTotal{});
        }
        int weights = t.normHeads == 1 ? 0 : head * t.headDim;
        long long angles = t.angles(head);
        for (int pair = lane; pair < half; pair += 32) {
            int i = t.interleaved ? 2 * pair : pair;
            int j = t.interleaved ? 2 * pair + 1 : pair + half;
            float a = toFloat(own[i]);
            float b = toFloat(own[j]);
            if (t.normHeads > 0) {
                a = (a - m.x) * m.y;
                b = (b - m.x) * m.y;
                if (t.weight != nullptr) {
                    a *= t.weight[weights + i];
                    b *= t.weight[weights + j];
                }
                if (t.bias != nullptr) {
                    a += t.bias[weights + i];
                    b += t.bias[weights + j];
                }
            }
            if (t.cosines != nullptr) {
                turn(a, b, t.cosines[angles + pair], t.sines[angles + pair]);
            }
            store(y + head * t.headDim + i, a);
            store(y + head * t.headDim + j, b);
        }
    }
}

/// Four pairs (of a head) side by side in v: the first of each, then the second of each.
struct Pairs {
    int at;      // of the head's first channel
    int first;   // pair
    int half;
    int interleaved;

    template <class T>
    QR_INLINE void load(float (&v)[8], const T* from) const {
        if (!interleaved) {
            load4(reinterpret_cast<float(&)[4]>(v[0]), from + at + first);
            load4(reinterpret_cast<float(&)[4]>(v[4]), from + at + half + first);
            return;
        }
        float mixed[8];
        load8(mixed, from + at + 2 * first);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            v[i] = mixed[i % 4 * 2 + i / 4];
        }
    }

    template <class T>
    QR_INLINE void save(T* to, const float (&v)[8]) const {
        if (!interleaved) {
            store4(to + at + first, reinterpret_cast<const float(&)[4]>(v[0]));
            store4(to + at + half + first, reinterpret_cast<const float(&)[4]>(v[4]));
            return;
        }
        float mixed[8];
#pragma unroll
        for (int i = 0; i < 8; i++) {
            mixed[i] = v[i % 2 * 4 + i / 2];
        }
        store8(to + at + 2 * first, mixed);
    }

    /// v * weight + bias of the channels that v holds; either may be null.
    QR_INLINE void weigh(float (&v)[8], const float* weight, const float* bias) const {
        float f[8];
        if (weight != nullptr) {
            load(f, weight);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                v[i] *= f[i];
            }
        }
        if (bias != nullptr) {
            load(f, bias);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                v[i] += f[i];
            }
        }
    }

    QR_INLINE void rotate(float (&v)[8], const float* cosines, const float* sines) const {
        float c[4];
        float s[4];
        load4(c, cosines + first);
        load4(s, sines + first);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            turn(v[i], v[4 + i], c[i], s[i]);
        }
    }
};

/// The pairs of an eight of a row.
QR_INLINE Pairs pairsOf(const NormRopeTask& t, int eight) {
    int perHead = t.headDim / 8;
    return {eight / perHead * t.headDim, eight % perHead * 4, t.headDim / 2, t.interleaved};
}

/// Norm and rotation of four pairs whose moments are known.
template <class Y>
QR_INLINE void finish(const NormRopeTask& t, const Pairs& pairs, float (&v)[8], float2 m, Y* y) {
    if (t.normHeads > 0) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            v[i] = (v[i] - m.x) * m.y;
        }
        Pairs vectors = pairs;
        vectors.at = t.normHeads == 1 ? 0 : pairs.at;
        vectors.weigh(v, t.weight, t.bias);
    }
    if (t.cosines != nullptr) {
        long long angles = t.angles(pairs.at / t.headDim);
        pairs.rotate(v, t.cosines + angles, t.sines + angles);
    }
    pairs.save(y, v);
}

/// Four pairs a thread, CHUNKS times; heads are whole eights, and where each is normalized by itself 8, 16, ... 256 channels.
/// Grid: rows.
template <class X, class Y, int CHUNKS>
QR_INLINE void normRopeHeld(const NormRopeTask& t) {
    __shared__ float partial[32];
    const X* x = static_cast<const X*>(t.x) + blockIdx.x * t.rowStride;
    Y* y = static_cast<Y*>(t.y) + (long long)blockIdx.x * t.heads * t.headDim;
    int perHead = t.headDim / 8;
    Held held{(int)threadIdx.x, (int)blockDim.x, t.heads * perHead};
    float v[CHUNKS][8] = {};
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        if (held.has(c)) {
            pairsOf(t, held.eight(c)).load(v[c], x);
        }
    }
    float2 m = make_float2(0.0f, 1.0f);
    if (t.normHeads > 1) {
        m = heldMoments<CHUNKS>(v, held, t.heads * t.headDim, t.centred, t.epsilon, BlockTotal{partial});
    }
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        if (t.normHeads == 1) {
            // A head's eights lie in neighbouring lanes.
            m = heldMoments<1>(reinterpret_cast<float(&)[1][8]>(v[c]), Held{0, 1, 1}, t.headDim, t.centred, t.epsilon,
                    LanesTotal{perHead});
        }
        if (held.has(c)) {
            finish(t, pairsOf(t, held.eight(c)), v[c], m, y);
        }
    }
}

}  // namespace qr

#define QR_NORM_ROPE(names, X, Y)                                                                                         \
    extern "C" __global__ void __launch_bounds__(256) qr_norm_rope_##names(qr::NormRopeTask task) {                       \
        qr::normRope<X, Y>(task);                                                                                         \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(512) qr_norm_rope_##names##_1(qr::NormRopeTask task) {                   \
        qr::normRopeHeld<X, Y, 1>(task);                                                                                  \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(512) qr_norm_rope_##names##_2(qr::NormRopeTask task) {                   \
        qr::normRopeHeld<X, Y, 2>(task);                                                                                  \
    }

QR_NORM_ROPE(f32_f32, float, float)
QR_NORM_ROPE(f32_bf16, float, qr::bf16)
QR_NORM_ROPE(bf16_f32, qr::bf16, float)
QR_NORM_ROPE(bf16_bf16, qr::bf16, qr::bf16)
