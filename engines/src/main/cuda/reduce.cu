// Reductions along one run of axes, and softmax along the last axis.
#include "element.cuh"

namespace qr {

constexpr int REDUCE_THREADS = 256;

/// By the numbers of dev.quantreel.engines.runtime.cuda.kernel.Reduction.
enum Reduce { REDUCE_SUM = 0, REDUCE_MEAN = 1, REDUCE_MAX = 2, REDUCE_MIN = 3, REDUCE_L2 = 4 };

QR_INLINE float startOf(int op) {
    return op == REDUCE_MAX ? -infinity() : op == REDUCE_MIN ? infinity() : 0.0f;
}

QR_INLINE float combined(int op, float sum, float v) {
    switch (op) {
        case REDUCE_MAX:
            return fmaxf(sum, v);
        case REDUCE_MIN:
            return fminf(sum, v);
        case REDUCE_L2:
            return fmaf(v, v, sum);
        default:
            return sum + v;
    }
}

QR_INLINE float finished(int op, float result, int length) {
    return op == REDUCE_MEAN ? result / (float)length : op == REDUCE_L2 ? sqrtf(result) : result;
}

/// out[row] from in[row, length]. Grid: rows.
template <class T>
QR_INLINE void reduceRows(const T* in, T* out, int length, int op) {
    __shared__ float partial[32];
    const T* row = in + (long long)blockIdx.x * length;
    float own = startOf(op);
    for (int i = threadIdx.x; i < length; i += REDUCE_THREADS) {
        own = combined(op, own, toFloat(row[i]));
    }
    float result;
    if (op == REDUCE_MAX) {
        result = blockMax(own, partial);
    } else if (op == REDUCE_MIN) {
        result = -blockMax(-own, partial);
    } else {
        result = blockSum(own, partial);
    }
    if (threadIdx.x == 0) {
        store(out + blockIdx.x, finished(op, result, length));
    }
}

/// out[outer, inner] from in[outer, length, inner]. Grid: inner / 256, outer.
template <class T>
QR_INLINE void reduceColumns(const T* in, T* out, int length, int inner, int op) {
    int column = blockIdx.x * REDUCE_THREADS + threadIdx.x;
    if (column >= inner) {
        return;
    }
    const T* first = in + (long long)blockIdx.y * length * inner + column;
    float result = startOf(op);
    for (int i = 0; i < length; i++) {
        result = combined(op, result, toFloat(first[(long long)i * inner]));
    }
    store(out + (long long)blockIdx.y * inner + column, finished(op, result, length));
}

/// Rows of `length`. A row of nothing but -infinity becomes zeros. Grid: rows.
template <class T>
QR_INLINE void softmax(const T* in, T* out, int length) {
    __shared__ float partial[32];
    const T* row = in + (long long)blockIdx.x * length;
    T* result = out + (long long)blockIdx.x * length;
    float own = -infinity();
    for (int i = threadIdx.x; i < length; i += REDUCE_THREADS) {
        own = fmaxf(own, toFloat(row[i]));
    }
    float most = blockMax(own, partial);
    float base = most == -infinity() ? 0.0f : most;
    float sum = 0.0f;
    for (int i = threadIdx.x; i < length; i += REDUCE_THREADS) {
        sum += expf(toFloat(row[i]) - base);
    }
    float total = blockSum(sum, partial);
    float inverse = total > 0.0f ? 1.0f / total : 0.0f;
    for (int i = threadIdx.x; i < length; i += REDUCE_THREADS) {
        store(result + i, expf(toFloat(row[i]) - base) * inverse);
    }
}

}  // namespace qr

#define QR_REDUCE(type, suffix)                                                                                           \
    extern "C" __global__ void __launch_bounds__(256) qr_reduce_rows_##suffix(                                            \
            const type* in, type* out, int length, int op) {                                                              \
        qr::reduceRows<type>(in, out, length, op);                                                                        \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(256) qr_reduce_columns_##suffix(                                         \
            const type* in, type* out, int length, int inner, int op) {                                                   \
        qr::reduceColumns<type>(in, out, length, inner, op);                                                              \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(256) qr_softmax_##suffix(const type* in, type* out, int length) {        \
        qr::softmax<type>(in, out, length);                                                                               \
    }

QR_REDUCE(float, f32)
QR_REDUCE(qr::bf16, bf16)
