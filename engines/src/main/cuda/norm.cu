// Normalizations of the rows of transformers, fused with what follows them: adaLN's scale and shift, or rotary positions.
// Sums run in f32; learned vectors, modulation and rotary tables are f32 whatever the rows are.
#include "element.cuh"

namespace qr {

constexpr int NORM_THREADS = 256;

/// Row-wise norm: y = norm(x) * weight + bias, then y * (1 + scale) + shift. Absent vectors are null.
struct NormTask {
    const void* x;        // [rows, width]
    void* y;              // like x
    const float* weight;  // [width]
    const float* bias;    // [width]
    const float* scale;   // [vectors, width]
    const float* shift;   // [vectors, width]
    int width;
    int rowsPerVector;    // row r uses vector r / rowsPerVector % vectors
    int vectors;
    int centred;          // LayerNorm takes the mean off, RMSNorm does not
    float epsilon;
};

/// How the threads that share a row add up: those of a block, or of a warp.
struct BlockTotal {
    float* partial;
    QR_INLINE float operator()(float v) const { return blockSum(v, partial); }
};

struct WarpTotal {
    QR_INLINE float operator()(float v) const { return warpSum(v); }
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

/// One row by the threads first, first + step, ...
template <class T, class Total>
QR_INLINE void normRow(const NormTask& t, long long row, int first, int step, Total total) {
    const T* x = static_cast<const T*>(t.x) + row * t.width;
    T* y = static_cast<T*>(t.y) + row * t.width;
    float2 m = moments(x, t.width, first, step, t.centred, t.epsilon, total);
    long long vector = row / t.rowsPerVector % t.vectors * t.width;
    for (int i = first; i < t.width; i += step) {
        float v = (toFloat(x[i]) - m.x) * m.y;
        if (t.weight != nullptr) {
            v *= t.weight[i];
        }
        if (t.bias != nullptr) {
            v += t.bias[i];
        }
        if (t.scale != nullptr) {
            v *= 1.0f + t.scale[vector + i];
        }
        if (t.shift != nullptr) {
            v += t.shift[vector + i];
        }
        store(y + i, v);
    }
}

/// Wide rows. Grid: rows.
template <class T>
QR_INLINE void norm(const NormTask& t) {
    __shared__ float partial[32];
    normRow<T>(t, blockIdx.x, (int)threadIdx.x, NORM_THREADS, BlockTotal{partial});
}

/// Rows as narrow as a head: one per warp. Grid: rows / 8.
template <class T>
QR_INLINE void normNarrow(const NormTask& t, int rows) {
    int row = blockIdx.x * (NORM_THREADS / 32) + threadIdx.x / 32;
    if (row < rows) {
        normRow<T>(t, row, (int)threadIdx.x % 32, 32, WarpTotal{});
    }
}

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
};

/// Grid: rows. A warp takes a head at a time.
template <class T>
QR_INLINE void normRope(const NormRopeTask& t) {
    __shared__ float partial[32];
    const T* x = static_cast<const T*>(t.x) + blockIdx.x * t.rowStride;
    T* y = static_cast<T*>(t.y) + (long long)blockIdx.x * t.heads * t.headDim;
    int lane = threadIdx.x % 32;
    int half = t.headDim / 2;
    float2 m = make_float2(0.0f, 1.0f);
    if (t.normHeads == t.heads && t.heads > 1) {
        m = moments(
                x, t.heads * t.headDim, (int)threadIdx.x, NORM_THREADS, t.centred, t.epsilon, BlockTotal{partial});
    }
    for (int head = threadIdx.x / 32; head < t.heads; head += NORM_THREADS / 32) {
        const T* own = x + head * t.headDim;
        if (t.normHeads == 1) {
            m = moments(own, t.headDim, lane, 32, t.centred, t.epsilon, WarpTotal{});
        }
        int weights = t.normHeads == 1 ? 0 : head * t.headDim;
        int token = t.firstPosition + (int)(blockIdx.x % t.tokens);
        long long angles = ((long long)token * t.anglesPerToken + (t.anglesPerToken > 1 ? head : 0)) * half;
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
                float c = t.cosines[angles + pair];
                float s = t.sines[angles + pair];
                float turned = a * c - b * s;
                b = a * s + b * c;
                a = turned;
            }
            store(y + head * t.headDim + i, a);
            store(y + head * t.headDim + j, b);
        }
    }
}

}  // namespace qr

extern "C" __global__ void __launch_bounds__(256) qr_norm_modulate_f32(qr::NormTask task) { qr::norm<float>(task); }

extern "C" __global__ void __launch_bounds__(256) qr_norm_modulate_bf16(qr::NormTask task) { qr::norm<qr::bf16>(task); }

extern "C" __global__ void __launch_bounds__(256) qr_norm_narrow_f32(qr::NormTask task, int rows) {
    qr::normNarrow<float>(task, rows);
}

extern "C" __global__ void __launch_bounds__(256) qr_norm_narrow_bf16(qr::NormTask task, int rows) {
    qr::normNarrow<qr::bf16>(task, rows);
}

extern "C" __global__ void __launch_bounds__(256) qr_norm_rope_f32(qr::NormRopeTask task) { qr::normRope<float>(task); }

extern "C" __global__ void __launch_bounds__(256) qr_norm_rope_bf16(qr::NormRopeTask task) { qr::normRope<qr::bf16>(task); }
