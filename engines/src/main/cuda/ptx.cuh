// Instructions that CUDA C++ has no name for, each in a small function: inline PTX on the device, a call of the host simulator
// on the host. Kernels use these and CUDA's own built-ins, nothing else; README.md says how to add one.
//
// Fragment layouts are those of the PTX manual; lane = 4 g + t with g = lane / 4 the row (or column) and t = lane % 4.
#pragma once

#ifdef QR_SIM
#ifndef QR_SIM_SCAN
#include "host/ptx_host.hpp"
#endif
#define QR_INLINE inline
#else
#define QR_INLINE __device__ __forceinline__
#endif

namespace qr {

typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned short u16;
typedef unsigned char u8;
typedef signed char s8;

/// A bfloat16 as its bits: the upper half of a float.
struct bf16 {
    u16 bits;
};

QR_INLINE float toFloat(float v) { return v; }
QR_INLINE float toFloat(bf16 v) { return __uint_as_float(static_cast<u32>(v.bits) << 16); }

#ifdef QR_SIM
#ifndef QR_SIM_SCAN
QR_INLINE bf16 toBf16(float v) { return {sim::floatToBf16(v)}; }
#endif
#endif

}  // namespace qr

#ifdef QR_SIM

/// Dynamic shared memory as bytes; starts at a multiple of 1024 when the block's shared memory holds nothing else.
#define QR_DYNAMIC_SHARED(name) unsigned char* name = reinterpret_cast<unsigned char*>(sim::dynamicShared)

#else

#define QR_DYNAMIC_SHARED(name) extern __shared__ __align__(1024) unsigned char name[]

namespace qr {

// ---- bfloat16 and fp8: round to nearest even --------------------------------------------------------------------------------

QR_INLINE bf16 toBf16(float v) {
    bf16 r;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(v));
    return r;
}

/// Two floats as bf16 in one word, `low` in the lower half.
QR_INLINE u32 packBf16(float low, float high) {
    u32 r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
}

QR_INLINE u32 packF16(float low, float high) {
    u32 r;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
/// Two floats as fp8 e4m3, saturated to 448, `low` in the lower byte (sm_89 and later).
QR_INLINE u16 packE4m3(float low, float high) {
    u16 r;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(r) : "f"(high), "f"(low));
    return r;
}
#endif

// ---- fast approximations (not bit-equal to the host) ------------------------------------------------------------------------

/// 2 to the power v, relative error about 2^-22.
QR_INLINE float fastExp2(float v) {
    float r;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(v));
    return r;
}

QR_INLINE float fastReciprocal(float v) {
    float r;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(v));
    return r;
}

/// The larger and the smaller of two floats; NaN where one is NaN (fmaxf and fminf drop it).
QR_INLINE float maxNan(float a, float b) {
    float r;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
    return r;
}

QR_INLINE float minNan(float a, float b) {
    float r;
    asm("min.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
    return r;
}

// ---- memory -----------------------------------------------------------------------------------------------------------------

/// Asks for the line of global memory at `pointer` to be brought to the L2; no more than a hint.
QR_INLINE void prefetchL2(const void* pointer) {
    asm volatile("prefetch.global.L2 [%0];" ::"l"(pointer));
}

// ---- shared memory ----------------------------------------------------------------------------------------------------------

/// A pointer into shared memory as the 32-bit address that instructions and descriptors take.
QR_INLINE u32 sharedAddress(const void* pointer) {
    return static_cast<u32>(__cvta_generic_to_shared(pointer));
}

/// Copies 16 bytes from global to shared memory behind the back of the registers; with `valid` false it writes zeros.
/// Visible after waitCopies and a barrier.
QR_INLINE void copyAsync16(void* shared, const void* global, bool valid = true) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(sharedAddress(shared)), "l"(global), "r"(valid ? 16 : 0)
                 : "memory");
}

/// The same for 4 or 8 bytes.
template <int Bytes>
QR_INLINE void copyAsyncSmall(void* shared, const void* global, bool valid = true) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(sharedAddress(shared)), "l"(global), "n"(Bytes),
                 "r"(valid ? Bytes : 0)
                 : "memory");
}

/// Closes the group of copies issued since the last call.
QR_INLINE void commitCopies() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Waits until at most `Pending` of the newest groups are still under way.
template <int Pending>
QR_INLINE void waitCopies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

/// ldmatrix: `row` of lane 8 i + r is row r (16 bytes, aligned) of the 8 x 8 matrix of 16-bit elements i.
QR_INLINE void loadMatrix4(u32 (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(sharedAddress(row))
                 : "memory");
}

QR_INLINE void loadMatrix2(u32 (&r)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(sharedAddress(row))
                 : "memory");
}

QR_INLINE void loadMatrix4Transposed(u32 (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(sharedAddress(row))
                 : "memory");
}

QR_INLINE void loadMatrix2Transposed(u32 (&r)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(sharedAddress(row))
                 : "memory");
}

// ---- tensor cores: c += a b -------------------------------------------------------------------------------------------------

/// s32 16x8 += s8 16x32 * s8 32x8.
QR_INLINE void mmaS8(int (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// s32 16x8 += s4 16x64 * s4 64x8; one instruction on sm_80, 86, 89, emulated by the compiler elsewhere.
QR_INLINE void mmaS4(int (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// f32 16x8 += bf16 16x16 * bf16 16x8.
QR_INLINE void mmaBf16(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// f32 16x8 += f16 16x16 * f16 16x8.
QR_INLINE void mmaF16(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
/// f32 16x8 += e4m3 16x32 * e4m3 32x8 (sm_89 and later).
QR_INLINE void mmaE4m3(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

// ---- barriers ---------------------------------------------------------------------------------------------------------------

/// Waits at barrier `id` (1 to 15) of the block for `threads` threads, a multiple of 32.
QR_INLINE void barrierSync(int id, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

QR_INLINE void barrierArrive(int id, int threads) {
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

}  // namespace qr

#endif
