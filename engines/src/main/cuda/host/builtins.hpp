// CUDA's language on the host: keywords, thread indices, vector types, barriers, warp operations, atomics, rounding functions.
#pragma once
#include <math.h>
#include <string.h>

#include <algorithm>

#include "grid.hpp"

#define __global__ __attribute__((noinline, used))
#define __device__
#define __host__
#define __constant__ static const
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define __grid_constant__
#define __builtin_assume_true(x) ((void)0)

#define threadIdx (sim::current->thread)
#define blockIdx (sim::blockIndex)
#define blockDim (sim::blockSize)
#define gridDim (sim::gridSize)
#define warpSize 32

#define QR_VECTOR2(name, type, size)                            \
    struct alignas(size) name {                                 \
        type x, y;                                              \
    };                                                          \
    inline name make_##name(type x, type y) { return {x, y}; }
#define QR_VECTOR4(name, type, size)                                                \
    struct alignas(size) name {                                                     \
        type x, y, z, w;                                                            \
    };                                                                              \
    inline name make_##name(type x, type y, type z, type w) { return {x, y, z, w}; }
QR_VECTOR2(float2, float, 8)
QR_VECTOR2(int2, int, 8)
QR_VECTOR2(uint2, unsigned, 8)
QR_VECTOR2(short2, short, 4)
QR_VECTOR2(ushort2, unsigned short, 4)
QR_VECTOR2(char2, signed char, 2)
QR_VECTOR2(double2, double, 16)
QR_VECTOR2(ulonglong2, unsigned long long, 16)
QR_VECTOR4(float4, float, 16)
QR_VECTOR4(int4, int, 16)
QR_VECTOR4(uint4, unsigned, 16)
QR_VECTOR4(short4, short, 8)
QR_VECTOR4(ushort4, unsigned short, 8)
QR_VECTOR4(char4, signed char, 4)
QR_VECTOR4(uchar4, unsigned char, 4)
#undef QR_VECTOR2
#undef QR_VECTOR4

#define QR_LINE int line = __builtin_LINE()

// Barriers of the block.
inline void __syncthreads(QR_LINE) { sim::barrier(0, 0, line); }
inline int __syncthreads_or(int predicate, QR_LINE) { return sim::barrierVote(predicate != 0, line).any; }
inline int __syncthreads_and(int predicate, QR_LINE) { return sim::barrierVote(predicate != 0, line).all; }
inline int __syncthreads_count(int predicate, QR_LINE) { return sim::barrierVote(predicate != 0, line).count; }
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __syncwarp(unsigned mask = 0xffffffffu, QR_LINE) { sim::collective("__syncwarp", line, mask, nullptr, nullptr); }

namespace sim {

/// What one lane gives to and takes from a shuffle.
template <class T>
struct Shuffle {
    T value;
    int source;
    T result;
};

template <class T>
T shuffle(const char* what, int line, unsigned mask, T value, int source) {
    Shuffle<T> mine{value, source, value};
    collective(what, line, mask, &mine, [](void** args, uint32_t lanes) {
        for (int i = 0; i < 32; i++) {
            if (lanes >> i & 1) {
                auto* lane = static_cast<Shuffle<T>*>(args[i]);
                // A lane outside of the mask has no value to give: CUDA calls the result undefined, here it is poison.
                if (lanes >> lane->source & 1) {
                    lane->result = static_cast<Shuffle<T>*>(args[lane->source])->value;
                } else {
                    memset(&lane->result, 0xFF, sizeof(T));
                }
            }
        }
    });
    return mine.result;
}

inline int laneOf() { return static_cast<int>(current->linear % 32); }

struct Ballot {
    bool predicate;
    unsigned result;
};

inline unsigned ballot(const char* what, int line, unsigned mask, bool predicate) {
    Ballot mine{predicate, 0};
    collective(what, line, mask, &mine, [](void** args, uint32_t lanes) {
        unsigned bits = 0;
        for (int i = 0; i < 32; i++) {
            bits |= (lanes >> i & 1) && static_cast<Ballot*>(args[i])->predicate ? 1u << i : 0u;
        }
        for (int i = 0; i < 32; i++) {
            if (lanes >> i & 1) {
                static_cast<Ballot*>(args[i])->result = bits;
            }
        }
    });
    return mine.result;
}

template <class T>
T combine(const char* what, int line, unsigned mask, T value, T (*op)(T, T)) {
    T result = value;
    bool first = true;
    for (int i = 0; i < 32; i++) {
        if (mask >> i & 1) {
            T other = shuffle(what, line, mask, value, i);
            result = first ? other : op(result, other);
            first = false;
        }
    }
    return result;
}

}  // namespace sim

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, QR_LINE) {
    int lane = sim::laneOf(), base = lane / width * width;
    return sim::shuffle("__shfl_sync", line, mask, value, base + (source & (width - 1)));
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, QR_LINE) {
    int lane = sim::laneOf(), other = lane ^ bits;
    return sim::shuffle("__shfl_xor_sync", line, mask, value, other / width == lane / width || other < lane ? other : lane);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, int delta, int width = 32, QR_LINE) {
    int lane = sim::laneOf();
    return sim::shuffle("__shfl_down_sync", line, mask, value, lane % width + delta < width ? lane + delta : lane);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, int delta, int width = 32, QR_LINE) {
    int lane = sim::laneOf();
    return sim::shuffle("__shfl_up_sync", line, mask, value, lane % width - delta >= 0 ? lane - delta : lane);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, QR_LINE) {
    return sim::ballot("__ballot_sync", line, mask, predicate != 0);
}
inline int __any_sync(unsigned mask, int predicate, QR_LINE) { return sim::ballot("__any_sync", line, mask, predicate != 0) != 0; }
inline int __all_sync(unsigned mask, int predicate, QR_LINE) {
    return sim::ballot("__all_sync", line, mask, predicate != 0) == mask;
}
inline int __reduce_add_sync(unsigned mask, int v, QR_LINE) {
    return sim::combine<int>("__reduce_add_sync", line, mask, v, [](int a, int b) { return a + b; });
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned v, QR_LINE) {
    return sim::combine<unsigned>("__reduce_max_sync", line, mask, v, [](unsigned a, unsigned b) { return std::max(a, b); });
}
inline int __reduce_max_sync(unsigned mask, int v, QR_LINE) {
    return sim::combine<int>("__reduce_max_sync", line, mask, v, [](int a, int b) { return std::max(a, b); });
}

// Atomics: threads of the simulator never run at the same time.
template <class T>
T atomicAdd(T* p, T v) {
    T old = *p;
    *p = old + v;
    return old;
}
template <class T>
T atomicMax(T* p, T v) {
    T old = *p;
    *p = std::max(old, v);
    return old;
}
template <class T>
T atomicMin(T* p, T v) {
    T old = *p;
    *p = std::min(old, v);
    return old;
}
template <class T>
T atomicExch(T* p, T v) {
    T old = *p;
    *p = v;
    return old;
}
template <class T>
T atomicCAS(T* p, T expected, T v) {
    T old = *p;
    *p = old == expected ? v : old;
    return old;
}

// Bits and conversions.
template <class To, class From>
To qr_sim_bits(From v) {
    static_assert(sizeof(To) == sizeof(From));
    To r;
    memcpy(&r, &v, sizeof r);
    return r;
}
inline float __int_as_float(int v) { return qr_sim_bits<float>(v); }
inline int __float_as_int(float v) { return qr_sim_bits<int>(v); }
inline float __uint_as_float(unsigned v) { return qr_sim_bits<float>(v); }
inline unsigned __float_as_uint(float v) { return qr_sim_bits<unsigned>(v); }
inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline int __clz(int v) { return v ? __builtin_clz(static_cast<unsigned>(v)) : 32; }
inline int __ffs(int v) { return __builtin_ffs(v); }
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
    unsigned long long both = static_cast<unsigned long long>(b) << 32 | a;
    unsigned r = 0;
    for (int i = 0; i < 4; i++) {
        unsigned s = selector >> (4 * i) & 15;
        unsigned byte = static_cast<unsigned>(both >> (8 * (s & 7))) & 255;
        r |= (s & 8 ? (byte & 128 ? 255u : 0u) : byte) << (8 * i);
    }
    return r;
}
/// Out of range saturates and NaN becomes 0, as cvt.rni.s32.f32 does.
inline int __float2int_rn(float v) {
    if (v != v) {
        return 0;
    }
    if (v >= 2147483648.0f) {
        return 2147483647;
    }
    return v <= -2147483648.0f ? static_cast<int>(0x80000000u) : static_cast<int>(rintf(v));
}
inline int __float2int_rz(float v) { return __float2int_rn(truncf(v)); }
inline int __float2int_rd(float v) { return __float2int_rn(floorf(v)); }
inline float __int2float_rn(int v) { return static_cast<float>(v); }
inline int __dp4a(int a, int b, int c) {
    for (int i = 0; i < 4; i++) {
        c += static_cast<signed char>(a >> (8 * i)) * static_cast<signed char>(b >> (8 * i));
    }
    return c;
}

// Arithmetic with its rounding in the name; the fast ones are correctly rounded here, where a GPU is off by some ulp.
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float a) { return expf(a); }
inline float __logf(float a) { return logf(a); }
inline float rsqrtf(float a) { return static_cast<float>(1.0 / sqrt(static_cast<double>(a))); }
inline float __saturatef(float a) { return a > 0 ? (a < 1 ? a : 1) : 0; }

template <class T>
T __ldg(const T* p) {
    return *p;
}
template <class T>
T __ldcs(const T* p) {
    return *p;
}
template <class T>
void __stcs(T* p, T v) {
    *p = v;
}
inline int min(int a, int b) { return a < b ? a : b; }
inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
inline long long min(long long a, long long b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
inline long long max(long long a, long long b) { return a > b ? a : b; }
[[noreturn]] inline void __trap() { sim::fail(sim::LaunchFailed, "__trap"); }
