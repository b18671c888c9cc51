// Rotate and quantize the rows of an activation in one pass: [producer,] random signs, block Hadamard, scales, codes.
//
// A row [width] is held in registers (rotate_rows.cuh), its codes are made there (quantize_rows.cuh).
//
// Everything but the GELU is exact: the same operations in the same order as the Java twin (RotateQuantizeTwin), so the same codes.
// Memory: 2 or 4 bytes read, 1 or 0.5 written for an element; design target 80 % of copy bandwidth, which on an H100 leaves about
// 37 issue slots for an element of bf16 input; docs/adr/0048 has the counts.
#include "quantize_rows.cuh"

namespace qr {

template <class T, int Chunks, Producer P>
QR_INLINE void run(const T* x, int rows, int width, const float* factors, const int* sources, int block, const Format& format,
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
    const T* values = x + rowIndex * width;
#pragma unroll
    for (int c = 0; c < Chunks; c++) {
        if (chunkOf(c) < row.chunks) {
            loadChunk(v[c], values + chunkOf(c) * kChunk);
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
    if (factors) {
        rotate(v, row, factors, sources, block);
    }
    quantize(v, row, format, rowIndex);
}

}  // namespace qr

/// x [rows, width]; factors [width]: 1 / sqrt(block), negated with the channel's sign (null: no rotation); sources [width]: where in
/// shared memory (qr::placeOf) the channel lies that comes to a place (null: its own); block: channels of a Hadamard block, a power of
/// two that divides the width.
/// scaling: 0 token, 1 row-normalised, 2 blocks as multiples, 3 blocks exact; group: channels of a block's scale, 16 to 512, a power of
/// two that divides the width. codes [rows, width] s8, or [rows, width / 2] when packed; scales [rows] (3: [rows, width / group]);
/// sums [rows] or null. gain, shift [rows / rowsPerModulation, width] f32 or null, and what follows: of the norm alone.
#define QR_ROTATE_QUANTIZE(name, T, chunks, producer)                                                                              \
    extern "C" __global__ void __launch_bounds__(256, 1) name(                                                                        \
        const T* __restrict__ x, int rows, int width, const float* __restrict__ factors, const int* __restrict__ sources, int block, \
        int scaling, int group, float maxCode, float clip, void* __restrict__ codes, int packed,                                   \
        float* __restrict__ scales, int* __restrict__ sums, const float* __restrict__ gain, const float* __restrict__ shift,       \
        float gainOffset, float epsilon, int rowsPerModulation, int centred) {                                                     \
        qr::run<T, chunks, producer>(x, rows, width, factors, sources, block,                                                      \
                                     qr::Format{scaling, group, maxCode, clip, codes, packed, scales, sums},                       \
                                     qr::Modulation{gain, shift, gainOffset, epsilon, centred}, rowsPerModulation);                \
    }
#define QR_ROTATE_QUANTIZE_TYPES(name, chunks, producer)             \
    QR_ROTATE_QUANTIZE(name##_f32_##chunks, float, chunks, producer) \
    QR_ROTATE_QUANTIZE(name##_bf16_##chunks, qr::bf16, chunks, producer)
#define QR_ROTATE_QUANTIZE_ALL(name, producer)         \
    QR_ROTATE_QUANTIZE_TYPES(name, 1, producer)        \
    QR_ROTATE_QUANTIZE_TYPES(name, 2, producer)        \
    QR_ROTATE_QUANTIZE_TYPES(name, 3, producer)        \
    QR_ROTATE_QUANTIZE_TYPES(name, 4, producer)

QR_ROTATE_QUANTIZE_ALL(qr_rotate_quantize, qr::kPlain)
QR_ROTATE_QUANTIZE_ALL(qr_norm_rotate_quantize, qr::kNorm)
QR_ROTATE_QUANTIZE_ALL(qr_gelu_rotate_quantize, qr::kGelu)
