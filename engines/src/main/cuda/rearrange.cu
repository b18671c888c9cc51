// Moving elements: copies between strided arrays (transpose, slice, concat, split, expand, pad), gather, and the transposition of
// matrices. Elements are 1, 2, 4, 8 or 16 bytes; the launcher takes the widest that the strides allow.
#include "ptx.cuh"

namespace qr {

constexpr int COPY_AXES = 8;
constexpr int COPY_THREADS = 256;

/// out[sum of index * outStride] = in[sum of index * inStride] for all indices of `extent`; strides in elements, 0 repeats.
struct CopyTask {
    void* out;
    const void* in;
    int rank;
    u32 count;
    u32 extent[COPY_AXES];
    long long outStride[COPY_AXES];
    long long inStride[COPY_AXES];
};

/// Grid: count / 256.
template <class T>
QR_INLINE void copy(const CopyTask& t) {
    u32 rest = blockIdx.x * COPY_THREADS + threadIdx.x;
    if (rest >= t.count) {
        return;
    }
    long long from = 0;
    long long to = 0;
    for (int axis = t.rank - 1; axis > 0; axis--) {
        u32 next = rest / t.extent[axis];
        u32 index = rest - next * t.extent[axis];
        rest = next;
        from += index * t.inStride[axis];
        to += index * t.outStride[axis];
    }
    static_cast<T*>(t.out)[to + rest * t.outStride[0]] = static_cast<const T*>(t.in)[from + rest * t.inStride[0]];
}

/// out[outer, i, inner] = in[outer, index[i], inner]; `rows` is the extent of the gathered axis. Negative indices count from the
/// end; an index that is still outside takes the nearest row. Grid: count / 256.
template <class T>
QR_INLINE void gather(
        const T* in, const void* indices, int indicesAre64, T* out, u32 count, u32 picked, int rows, u32 inner) {
    u32 at = blockIdx.x * COPY_THREADS + threadIdx.x;
    if (at >= count) {
        return;
    }
    u32 within = at % inner;
    u32 pick = at / inner % picked;
    u32 outer = at / inner / picked;
    long long row = indicesAre64 ? static_cast<const long long*>(indices)[pick] : static_cast<const int*>(indices)[pick];
    row = row < 0 ? row + rows : row;
    row = row < 0 ? 0 : row >= rows ? rows - 1 : row;
    out[at] = in[((long long)outer * rows + row) * inner + within];
}

/// out[batch, column, row] = in[batch, row, column] through a tile of shared memory.
/// Grid: columns / 32, rows / 32, batch; 32 x 8 threads.
template <class T>
QR_INLINE void transpose(const T* in, T* out, int rows, int columns) {
    __shared__ T tile[32][33];
    long long base = (long long)blockIdx.z * rows * columns;
    for (int y = threadIdx.y; y < 32; y += 8) {
        int row = blockIdx.y * 32 + y;
        int column = blockIdx.x * 32 + threadIdx.x;
        if (row < rows && column < columns) {
            tile[y][threadIdx.x] = in[base + (long long)row * columns + column];
        }
    }
    __syncthreads();
    for (int y = threadIdx.y; y < 32; y += 8) {
        int column = blockIdx.x * 32 + y;
        int row = blockIdx.y * 32 + threadIdx.x;
        if (row < rows && column < columns) {
            out[base + (long long)column * rows + row] = tile[threadIdx.x][y];
        }
    }
}

}  // namespace qr

#define QR_REARRANGE(type, bytes)                                                                                         \
    extern "C" __global__ void __launch_bounds__(256) qr_copy_##bytes(qr::CopyTask task) { qr::copy<type>(task); }        \
    extern "C" __global__ void __launch_bounds__(256) qr_gather_##bytes(                                                  \
            const type* in, const void* indices, int indicesAre64, type* out, unsigned count, unsigned picked, int rows,  \
            unsigned inner) {                                                                                             \
        qr::gather<type>(in, indices, indicesAre64, out, count, picked, rows, inner);                                     \
    }

QR_REARRANGE(qr::u8, 1)
QR_REARRANGE(qr::u16, 2)
QR_REARRANGE(qr::u32, 4)
QR_REARRANGE(uint2, 8)
QR_REARRANGE(uint4, 16)

extern "C" __global__ void __launch_bounds__(256) qr_transpose_2(const qr::u16* in, qr::u16* out, int rows, int columns) {
    qr::transpose<qr::u16>(in, out, rows, columns);
}

extern "C" __global__ void __launch_bounds__(256) qr_transpose_4(const qr::u32* in, qr::u32* out, int rows, int columns) {
    qr::transpose<qr::u32>(in, out, rows, columns);
}
