// Normalizations of the rows of transformers, fused with adaLN's scale and shift (norm_rope.cu: with rotary positions). Sums run
// in f32; learned vectors and modulation are f32 whatever the rows are. Rows are f32 or bf16, and so are results, each as it likes:
// names end in the type of x, then that of y.
//
// Kernels that end in _1 or _2 keep a row in registers, read once by loads of 16 bytes: eight channels a thread, once or twice.
// The others take rows of any width and address, element by element.
#include "norm.cuh"

namespace qr {

/// Row-wise norm: y = norm(x) * weight + bias, then y * (1 + scale) + shift. Absent vectors are null.
struct NormTask {
    const void* x;        // [rows, width]
    void* y;              // [rows, width]
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

/// One row by the threads first, first + step, ...
template <class X, class Y, class Total>
QR_INLINE void normRow(const NormTask& t, long long row, int first, int step, Total total) {
    const X* x = static_cast<const X*>(t.x) + row * t.width;
    Y* y = static_cast<Y*>(t.y) + row * t.width;
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

/// v = v * (extra + factor[0 ..]), or v + term[0 ..]; absent vectors are null.
QR_INLINE void scale8(float (&v)[8], const float* factor, float extra) {
    if (factor != nullptr) {
        float f[8];
        load8(f, factor);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            v[i] *= extra + f[i];
        }
    }
}

QR_INLINE void shift8(float (&v)[8], const float* term) {
    if (term != nullptr) {
        float f[8];
        load8(f, term);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            v[i] += f[i];
        }
    }
}

QR_INLINE void normalize8(float (&v)[8], float2 m, const float* weight, const float* bias) {
#pragma unroll
    for (int i = 0; i < 8; i++) {
        v[i] = (v[i] - m.x) * m.y;
    }
    scale8(v, weight, 0.0f);
    shift8(v, bias);
}

QR_INLINE const float* part(const float* vector, long long at) {
    return vector == nullptr ? nullptr : vector + at;
}

/// One row of whole eights in the registers of the threads of `total`.
template <class X, class Y, int CHUNKS, class Total>
QR_INLINE void normHeldRow(const NormTask& t, long long row, const Held& held, Total total) {
    const X* x = static_cast<const X*>(t.x) + row * t.width;
    Y* y = static_cast<Y*>(t.y) + row * t.width;
    float v[CHUNKS][8];
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        if (held.has(c)) {
            load8(v[c], x + 8 * held.eight(c));
        }
    }
    float2 m = heldMoments<CHUNKS>(v, held, t.width, t.centred, t.epsilon, total);
    long long vector = row / t.rowsPerVector % t.vectors * t.width;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int at = 8 * held.eight(c);
        if (held.has(c)) {
            normalize8(v[c], m, part(t.weight, at), part(t.bias, at));
            scale8(v[c], part(t.scale, vector + at), 1.0f);
            shift8(v[c], part(t.shift, vector + at));
            store8(y + at, v[c]);
        }
    }
}

/// Wide rows, a block each. Grid: rows.
template <class X, class Y>
QR_INLINE void norm(const NormTask& t) {
    __shared__ float partial[32];
    normRow<X, Y>(t, blockIdx.x, (int)threadIdx.x, NORM_THREADS, BlockTotal{partial});
}

template <class X, class Y, int CHUNKS>
QR_INLINE void normHeld(const NormTask& t) {
    __shared__ float partial[32];
    normHeldRow<X, Y, CHUNKS>(
            t, blockIdx.x, Held{(int)threadIdx.x, (int)blockDim.x, t.width / 8}, BlockTotal{partial});
}

/// Rows as narrow as a head: one per warp. Grid: rows / 8. HELD: eight channels a lane.
template <class X, class Y, bool HELD>
QR_INLINE void normNarrow(const NormTask& t, int rows) {
    int row = blockIdx.x * (NORM_THREADS / 32) + threadIdx.x / 32;
    if (row >= rows) {
        return;
    }
    if constexpr (HELD) {
        normHeldRow<X, Y, 1>(t, row, Held{(int)threadIdx.x % 32, 32, t.width / 8}, WarpTotal{});
    } else {
        normRow<X, Y>(t, row, (int)threadIdx.x % 32, 32, WarpTotal{});
    }
}

}  // namespace qr

#define QR_NORM(names, X, Y)                                                                                              \
    extern "C" __global__ void __launch_bounds__(256) qr_norm_modulate_##names(qr::NormTask task) {                       \
        qr::norm<X, Y>(task);                                                                                             \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(512) qr_norm_modulate_##names##_1(qr::NormTask task) {                   \
        qr::normHeld<X, Y, 1>(task);                                                                                      \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(512) qr_norm_modulate_##names##_2(qr::NormTask task) {                   \
        qr::normHeld<X, Y, 2>(task);                                                                                      \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(256) qr_norm_narrow_##names(qr::NormTask task, int rows) {               \
        qr::normNarrow<X, Y, false>(task, rows);                                                                          \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(256) qr_norm_narrow_##names##_1(qr::NormTask task, int rows) {           \
        qr::normNarrow<X, Y, true>(task, rows);                                                                           \
    }

QR_NORM(f32_f32, float, float)
QR_NORM(f32_bf16, float, qr::bf16)
QR_NORM(bf16_f32, qr::bf16, float)
QR_NORM(bf16_bf16, qr::bf16, qr::bf16)
