// Reading and writing elements of arrays whose type a kernel is compiled for.
#pragma once

#include "ptx.cuh"

namespace qr {

QR_INLINE float infinity() { return __uint_as_float(0x7f800000u); }

QR_INLINE void store(float* target, float value) { *target = value; }
QR_INLINE void store(bf16* target, float value) { *target = toBf16(value); }

/// Sum over the lanes of a warp, the same in all.
QR_INLINE float warpSum(float v) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) {
        v += __shfl_xor_sync(0xffffffffu, v, distance);
    }
    return v;
}

/// Maximum over the lanes of a warp, the same in all.
QR_INLINE float warpMax(float v) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) {
        v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, distance));
    }
    return v;
}

/// Sum over a block of whole warps, the same in all threads. `partial` holds 32 floats of shared memory and is free again
/// when this returns.
QR_INLINE float blockSum(float v, float* partial) {
    float own = warpSum(v);
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = own;
    }
    __syncthreads();
    float sum = warpSum(threadIdx.x % 32 < blockDim.x / 32 ? partial[threadIdx.x % 32] : 0.0f);
    __syncthreads();
    return sum;
}

/// Maximum over a block of whole warps, like blockSum.
QR_INLINE float blockMax(float v, float* partial) {
    float own = warpMax(v);
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = own;
    }
    __syncthreads();
    float most = warpMax(partial[threadIdx.x % 32 < blockDim.x / 32 ? threadIdx.x % 32 : 0]);
    __syncthreads();
    return most;
}

}  // namespace qr
