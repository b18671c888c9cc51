// Reading and writing elements of arrays whose type a kernel is compiled for.
#pragma once

#include "ptx.cuh"

namespace qr {

QR_INLINE float infinity() { return __uint_as_float(0x7f800000u); }

QR_INLINE void store(float* target, float value) { *target = value; }
QR_INLINE void store(bf16* target, float value) { *target = toBf16(value); }

QR_INLINE void unpack(float (&v)[2], u32 pair) {
    v[0] = __uint_as_float(pair << 16);
    v[1] = __uint_as_float(pair & 0xffff0000u);
}

/// Four neighbours at a multiple of 16 bytes (bf16: 8).
QR_INLINE void load4(float (&v)[4], const float* from) {
    float4 four = *reinterpret_cast<const float4*>(from);
    v[0] = four.x;
    v[1] = four.y;
    v[2] = four.z;
    v[3] = four.w;
}

QR_INLINE void load4(float (&v)[4], const bf16* from) {
    uint2 pairs = *reinterpret_cast<const uint2*>(from);
    unpack(reinterpret_cast<float(&)[2]>(v[0]), pairs.x);
    unpack(reinterpret_cast<float(&)[2]>(v[2]), pairs.y);
}

QR_INLINE void store4(float* to, const float (&v)[4]) {
    *reinterpret_cast<float4*>(to) = make_float4(v[0], v[1], v[2], v[3]);
}

QR_INLINE void store4(bf16* to, const float (&v)[4]) {
    *reinterpret_cast<uint2*>(to) = make_uint2(packBf16(v[0], v[1]), packBf16(v[2], v[3]));
}

/// Eight neighbours at a multiple of 16 bytes.
QR_INLINE void load8(float (&v)[8], const float* from) {
    load4(reinterpret_cast<float(&)[4]>(v[0]), from);
    load4(reinterpret_cast<float(&)[4]>(v[4]), from + 4);
}

QR_INLINE void load8(float (&v)[8], const bf16* from) {
    uint4 pairs = *reinterpret_cast<const uint4*>(from);
    unpack(reinterpret_cast<float(&)[2]>(v[0]), pairs.x);
    unpack(reinterpret_cast<float(&)[2]>(v[2]), pairs.y);
    unpack(reinterpret_cast<float(&)[2]>(v[4]), pairs.z);
    unpack(reinterpret_cast<float(&)[2]>(v[6]), pairs.w);
}

QR_INLINE void store8(float* to, const float (&v)[8]) {
    store4(to, reinterpret_cast<const float(&)[4]>(v[0]));
    store4(to + 4, reinterpret_cast<const float(&)[4]>(v[4]));
}

QR_INLINE void store8(bf16* to, const float (&v)[8]) {
    *reinterpret_cast<uint4*>(to) = make_uint4(
            packBf16(v[0], v[1]), packBf16(v[2], v[3]), packBf16(v[4], v[5]), packBf16(v[6], v[7]));
}

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
