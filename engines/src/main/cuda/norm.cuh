// Sums over the rows of norms: element by element, or held in registers by eights.
#pragma once

#include "element.cuh"

namespace qr {

constexpr int NORM_THREADS = 256;

/// How the threads that share a row add up: those of a block, of a warp, or `lanes` neighbours (a power of two) of a warp.
struct BlockTotal {
    float* partial;
    QR_INLINE float operator()(float v) const { return blockSum(v, partial); }
};

struct WarpTotal {
    QR_INLINE float operator()(float v) const { return warpSum(v); }
};

struct LanesTotal {
    int lanes;
    QR_INLINE float operator()(float v) const {
        for (int distance = lanes / 2; distance > 0; distance /= 2) {
            v += __shfl_xor_sync(0xffffffffu, v, distance);
        }
        return v;
    }
};

/// Mean (0 where it stays) and 1 / deviation of `width` elements, of which this thread takes every `step`-th.
template <class T, class Total>
QR_INLINE float2 moments(const T* x, int width, int first, int step, int centred, float epsilon, Total total) {
    float mean = 0.0f;
    if (centred) {
        float sum = 0.0f;
        for (int i = first; i < width; i += step) {
            sum += toFloat(x[i]);
        }
        mean = total(sum) / (float)width;
    }
    float squares = 0.0f;
    for (int i = first; i < width; i += step) {
        float v = toFloat(x[i]) - mean;
        squares = fmaf(v, v, squares);
    }
    return make_float2(mean, 1.0f / sqrtf(total(squares) / (float)width + epsilon));
}

/// Which eights of a row a thread holds: first, first + step, ... of `all`.
struct Held {
    int first;
    int step;
    int all;

    QR_INLINE int eight(int chunk) const { return first + chunk * step; }
    QR_INLINE bool has(int chunk) const { return eight(chunk) < all; }
};

/// The same of `width` elements that the threads of `total` hold.
template <int CHUNKS, class Total>
QR_INLINE float2 heldMoments(
        const float (&v)[CHUNKS][8], const Held& held, int width, int centred, float epsilon, Total total) {
    float mean = 0.0f;
    if (centred) {
        float sum = 0.0f;
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) {
            if (held.has(c)) {
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    sum += v[c][i];
                }
            }
        }
        mean = total(sum) / (float)width;
    }
    float squares = 0.0f;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        if (held.has(c)) {
#pragma unroll
            for (int i = 0; i < 8; i++) {
                float d = v[c][i] - mean;
                squares = fmaf(d, d, squares);
            }
        }
    }
    return make_float2(mean, 1.0f / sqrtf(total(squares) / (float)width + epsilon));
}

}  // namespace qr
