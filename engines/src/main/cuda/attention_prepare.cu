// What attention works on, made from queries, keys and values [batch, tokens, heads * headDim] (f32 or bf16): statistics of
// keys and values, then packed and quantized tiles as attention_tile.cuh describes them.
//
// Keys are smoothed: the mean over all tokens of a channel is taken off (SageAttention). It adds the same number to all scores
// of a query, which softmax does not see, and takes away what most keys have in common, so that the step of a tile fits what
// distinguishes them.
#include "attention_tile.cuh"

namespace qr {

constexpr int PREPARE_THREADS = 128;
constexpr float S8_MOST = 127.0f;

/// An input [batch, tokens, heads * headDim] in C order.
struct Tokens {
    const void* data;
    int tokens;
    int heads;
    int headDim;

    template <class T>
    QR_INLINE float at(int batch, int token, int channel) const {
        return toFloat(static_cast<const T*>(data)[((long long)batch * tokens + token) * heads * headDim + channel]);
    }
};

/// Where byte `byte` of row `row` lies in a swizzled tile of BYTES per row.
template <int BYTES>
QR_INLINE int placed(int row, int byte) {
    return swizzled<BYTES>(row, byte / 16) + byte % 16;
}

/// Statistic of a channel over `length` tokens each: the sum, or the largest magnitude.
/// Grid: channels / 128, parts, batch. out [batch, parts, channels].
template <class T>
QR_INLINE void partial(Tokens x, int length, int magnitude, float* out) {
    int channels = x.heads * x.headDim;
    int channel = blockIdx.x * PREPARE_THREADS + threadIdx.x;
    if (channel >= channels) {
        return;
    }
    int from = blockIdx.y * length;
    int to = min(from + length, x.tokens);
    float result = 0.0f;
    for (int token = from; token < to; token++) {
        float v = x.at<T>(blockIdx.z, token, channel);
        result = magnitude ? fmaxf(result, fabsf(v)) : result + v;
    }
    out[((long long)blockIdx.z * gridDim.y + blockIdx.y) * channels + channel] = result;
}

/// Codes of rows of one head, 64 tokens per block; four warps of 16 rows, lane l holding channels l, l + 32, ...
/// Grid: tiles of 64 tokens, heads, batch. Tokens behind the last are zeros.
///
/// mean: [batch, channels] to take off, or null. perRow: one step per token instead of one per tile.
/// out: swizzled tiles of 64 rows of D codes, `stride` bytes apart. scale: [batch, heads, tiles * (perRow ? 64 : 1)] = step * factor.
template <class T, int D>
QR_INLINE void packS8(
        Tokens x, const float* mean, float factor, int perRow, signed char* out, long long stride, float* scale) {
    constexpr int OWN = D / 32;
    __shared__ float most[4];
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    long long tile = ((long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    signed char* target = out + tile * stride;
    float v[16][OWN];
    float peak[16];
    float tilePeak = 0.0f;
#pragma unroll
    for (int row = 0; row < 16; row++) {
        int token = blockIdx.x * TILE_KEYS + warp * 16 + row;
        float own = 0.0f;
#pragma unroll
        for (int i = 0; i < OWN; i++) {
            int within = lane + 32 * i;
            int channel = blockIdx.y * x.headDim + within;
            v[row][i] = 0.0f;
            if (within < x.headDim && token < x.tokens) {
                v[row][i] = x.at<T>(blockIdx.z, token, channel);
                if (mean != nullptr) {
                    v[row][i] -= mean[(long long)blockIdx.z * x.heads * x.headDim + channel];
                }
            }
            own = fmaxf(own, fabsf(v[row][i]));
        }
        peak[row] = warpMax(own);
        tilePeak = fmaxf(tilePeak, peak[row]);
    }
    if (!perRow) {
        if (lane == 0) {
            most[warp] = tilePeak;
        }
        __syncthreads();
        tilePeak = fmaxf(fmaxf(most[0], most[1]), fmaxf(most[2], most[3]));
        if (threadIdx.x == 0) {
            scale[tile] = tilePeak / S8_MOST * factor;
        }
    }
#pragma unroll
    for (int row = 0; row < 16; row++) {
        float largest = perRow ? peak[row] : tilePeak;
        float inverse = largest > 0.0f ? S8_MOST / largest : 0.0f;
        if (perRow && lane == 0) {
            scale[tile * TILE_KEYS + warp * 16 + row] = largest / S8_MOST * factor;
        }
#pragma unroll
        for (int i = 0; i < OWN; i++) {
            float code = fminf(fmaxf(rintf(v[row][i] * inverse), -S8_MOST), S8_MOST);
            target[placed<D>(warp * 16 + row, lane + 32 * i)] = (signed char)code;
        }
    }
}

/// bf16 rows of one head, without `mean`, times `factor`; otherwise like packS8.
template <class T, int D>
QR_INLINE void packBf16Rows(Tokens x, const float* mean, float factor, unsigned char* out, long long stride) {
    long long tile = ((long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    unsigned char* target = out + tile * stride;
    for (int i = threadIdx.x; i < TILE_KEYS * D; i += PREPARE_THREADS) {
        int token = blockIdx.x * TILE_KEYS + i / D;
        int within = i % D;
        float v = 0.0f;
        if (token < x.tokens && within < x.headDim) {
            int channel = blockIdx.y * x.headDim + within;
            v = x.at<T>(blockIdx.z, token, channel);
            if (mean != nullptr) {
                v -= mean[(long long)blockIdx.z * x.heads * x.headDim + channel];
            }
        }
        *reinterpret_cast<bf16*>(target + placed<2 * D>(i / D, 2 * within)) = toBf16(v * factor);
    }
}

/// Key that stands at place `slot` of 16 in tiles of e4m3 values: thread t of a row holds the scores of keys 2t, 2t + 1,
/// 2t + 8, 2t + 9 and contracts places 4t to 4t + 3 with them, without asking other threads.
QR_INLINE int keyOfSlot(int slot) {
    return slot / 4 * 2 + slot % 2 + slot % 4 / 2 * 8;
}

/// A tile of 64 values through shared memory, so that reads and writes both run along rows: tile[key][channel].
template <class T, int D>
QR_INLINE void readValues(Tokens x, float (*tile)[D + 1]) {
    for (int i = threadIdx.x; i < TILE_KEYS * D; i += PREPARE_THREADS) {
        int token = blockIdx.x * TILE_KEYS + i / D;
        int within = i % D;
        bool real = token < x.tokens && within < x.headDim;
        tile[i / D][within] = real ? x.at<T>(blockIdx.z, token, blockIdx.y * x.headDim + within) : 0.0f;
    }
    __syncthreads();
}

/// Values transposed to [D, 64] in bf16, swizzled. Grid: tiles of 64 keys, heads, batch.
template <class T, int D>
QR_INLINE void packValuesBf16(Tokens x, unsigned char* out, long long stride) {
    __shared__ float tile[TILE_KEYS][D + 1];
    readValues<T, D>(x, tile);
    long long number = ((long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    unsigned char* target = out + number * stride;
    for (int i = threadIdx.x; i < D * TILE_KEYS / 2; i += PREPARE_THREADS) {
        int channel = i / (TILE_KEYS / 2);
        int key = i % (TILE_KEYS / 2) * 2;
        *reinterpret_cast<u32*>(target + placed<2 * TILE_KEYS>(channel, 2 * key)) =
                packBf16(tile[key][channel], tile[key + 1][channel]);
    }
}

#if QR_PACKS_E4M3
constexpr float E4M3_MOST = 448.0f;

/// Values transposed to [D, 64] in e4m3, swizzled, the largest magnitude of a channel at 448. peak: [batch, channels].
template <class T, int D>
QR_INLINE void packValuesE4m3(Tokens x, const float* peak, unsigned char* out, long long stride) {
    __shared__ float tile[TILE_KEYS][D + 1];
    readValues<T, D>(x, tile);
    long long number = ((long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    unsigned char* target = out + number * stride;
    for (int i = threadIdx.x; i < D * TILE_KEYS / 2; i += PREPARE_THREADS) {
        int channel = i / (TILE_KEYS / 2);
        int slot = i % (TILE_KEYS / 2) * 2;
        int key = slot / 16 * 16 + keyOfSlot(slot % 16);
        float most = channel < x.headDim
                ? peak[(long long)blockIdx.z * x.heads * x.headDim + blockIdx.y * x.headDim + channel]
                : 0.0f;
        float inverse = most > 0.0f ? E4M3_MOST / most : 0.0f;
        *reinterpret_cast<u16*>(target + placed<TILE_KEYS>(channel, slot)) =
                packE4m3(tile[key][channel] * inverse, tile[key + 1][channel] * inverse);
    }
}
#endif

}  // namespace qr

/// out[i] = statistic over the parts of [batch, parts, channels], then: the mean (sum times `factor`) or the step (largest
/// magnitude times `factor`). Grid: channels / 128, batch.
extern "C" __global__ void qr_attention_collect(
        const float* partials, int parts, int channels, int magnitude, float factor, float* out) {
    int channel = blockIdx.x * qr::PREPARE_THREADS + threadIdx.x;
    if (channel >= channels) {
        return;
    }
    float result = 0.0f;
    for (int part = 0; part < parts; part++) {
        float v = partials[((long long)blockIdx.y * parts + part) * channels + channel];
        result = magnitude ? fmaxf(result, v) : result + v;
    }
    out[(long long)blockIdx.y * channels + channel] = result * factor;
}

#define QR_PREPARE(type, suffix)                                                                                          \
    extern "C" __global__ void qr_attention_partial_##suffix(qr::Tokens x, int length, int magnitude, float* out) {       \
        qr::partial<type>(x, length, magnitude, out);                                                                     \
    }                                                                                                                     \
    QR_PREPARE_DIM(type, suffix, 64)                                                                                      \
    QR_PREPARE_DIM(type, suffix, 128)

#if QR_PACKS_E4M3
#define QR_PREPARE_E4M3(type, suffix, dim)                                                                                \
    extern "C" __global__ void __launch_bounds__(128) qr_attention_values_e4m3_d##dim##_##suffix(                         \
            qr::Tokens x, const float* peak, unsigned char* out, long long stride) {                                      \
        qr::packValuesE4m3<type, dim>(x, peak, out, stride);                                                              \
    }
#else
#define QR_PREPARE_E4M3(type, suffix, dim)
#endif

#define QR_PREPARE_DIM(type, suffix, dim)                                                                                 \
    extern "C" __global__ void __launch_bounds__(128) qr_attention_rows_s8_d##dim##_##suffix(                             \
            qr::Tokens x, const float* mean, float factor, int perRow, signed char* out, long long stride, float* scale) { \
        qr::packS8<type, dim>(x, mean, factor, perRow, out, stride, scale);                                               \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(128) qr_attention_rows_bf16_d##dim##_##suffix(                           \
            qr::Tokens x, const float* mean, float factor, unsigned char* out, long long stride) {                        \
        qr::packBf16Rows<type, dim>(x, mean, factor, out, stride);                                                        \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(128) qr_attention_values_bf16_d##dim##_##suffix(                         \
            qr::Tokens x, unsigned char* out, long long stride) {                                                         \
        qr::packValuesBf16<type, dim>(x, out, stride);                                                                    \
    }                                                                                                                     \
    QR_PREPARE_E4M3(type, suffix, dim)

QR_PREPARE(float, f32)
QR_PREPARE(qr::bf16, bf16)
