// Products of a warpgroup (sm_90a) at the sizes of attention: A from registers, B by descriptor from shared memory. d[4 j ..] is
// the fragment of columns 8 j ..; with `accumulate` 0 the sums begin anew. A and d belong to the product until it is waited for:
// `settle` them behind that wait.
#pragma once
#include "hopper.cuh"

#ifdef QR_SIM
#ifndef QR_SIM_SCAN

namespace qr {

inline u64 narrowDescriptor(const void* matrix, QR_LINE) {
    return (sim::sharedAddress(matrix, line) >> 4 & 0x3FFF) | 1ull << 16 | 32ull << 32 | 2ull << 62;
}
inline void wgmmaS8(int (&d)[32], const u32 (&a)[4], u64 b, int accumulate, QR_LINE) {
    sim::issueProduct(reinterpret_cast<uint32_t*>(d), 64, a, b, accumulate != 0, line);
    sim::holdOperand(a, line);
}
template <int N>
void wgmmaBf16(float (&d)[N], const u32 (&a)[4], u64 b, int accumulate, QR_LINE) {
    sim::issueProduct(sim::Element::Bf16, d, 2 * N, a, b, accumulate != 0, line);
    sim::holdOperand(a, line);
}
template <int N>
void wgmmaE4m3(float (&d)[N], const u32 (&a)[4], u64 b, int accumulate, QR_LINE) {
    sim::issueProduct(sim::Element::E4m3, d, 2 * N, a, b, accumulate != 0, line);
    sim::holdOperand(a, line);
}

template <int STEPS>
void settle(u32 (&)[STEPS][4]) {}

}  // namespace qr

#endif
#elif defined(__CUDA_ARCH_FEAT_SM90_ALL)

namespace qr {

/// Keeps the fragments of A where they are up to here, behind the wait for the products that read them.
template <int STEPS>
QR_INLINE void settle(u32 (&a)[STEPS][4]) {
#pragma unroll
    for (int i = 0; i < STEPS; i++) {
        pin(a[i]);
    }
}

/// Descriptor of a K-major B operand in rows of 64 bytes (SWIZZLE_64B): 8 rows are 512 bytes apart from the next 8.
QR_INLINE u64 narrowDescriptor(const void* matrix) {
    u64 address = sharedAddress(matrix) >> 4 & 0x3FFF;
    return address | 1ull << 16 | 32ull << 32 | 2ull << 62;
}

#define QR_SUMS_8(kind, at)                                                                                     \
    "+" kind(d[at]), "+" kind(d[at + 1]), "+" kind(d[at + 2]), "+" kind(d[at + 3]), "+" kind(d[at + 4]),        \
            "+" kind(d[at + 5]), "+" kind(d[at + 6]), "+" kind(d[at + 7])
#define QR_SUMS_32(kind, at)                                                                                    \
    QR_SUMS_8(kind, at), QR_SUMS_8(kind, at + 8), QR_SUMS_8(kind, at + 16), QR_SUMS_8(kind, at + 24)
#define QR_NAMES_32                                                                                             \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                    \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define QR_NAMES_64                                                                                             \
    QR_NAMES_32                                                                                                 \
    ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "                        \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"

/// 64 columns: 32 sums a thread.
#define QR_WGMMA_64(name, type, kind, instruction, ending)                                                      \
    QR_INLINE void name(type(&d)[32], const u32(&a)[4], u64 b, int accumulate) {                                \
        asm volatile("{.reg .pred p; setp.ne.b32 p, %37, 0; wgmma.mma_async.sync.aligned." instruction          \
                     " {" QR_NAMES_32 "}, {%32, %33, %34, %35}, %36, p" ending ";}\n"                           \
                     : QR_SUMS_32(kind, 0)                                                                      \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));                    \
    }

/// 128 columns: 64 sums a thread.
#define QR_WGMMA_128(name, type, kind, instruction, ending)                                                     \
    QR_INLINE void name(type(&d)[64], const u32(&a)[4], u64 b, int accumulate) {                                \
        asm volatile("{.reg .pred p; setp.ne.b32 p, %69, 0; wgmma.mma_async.sync.aligned." instruction          \
                     " {" QR_NAMES_64 "}, {%64, %65, %66, %67}, %68, p" ending ";}\n"                           \
                     : QR_SUMS_32(kind, 0), QR_SUMS_32(kind, 32)                                                \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));                    \
    }

/// d[64 rows, columns] (+)= a[64 rows, 32 bytes] b[32 bytes, columns].
QR_WGMMA_64(wgmmaS8, int, "r", "m64n64k32.s32.s8.s8", "")
QR_WGMMA_64(wgmmaBf16, float, "f", "m64n64k16.f32.bf16.bf16", ", 1, 1, 0")
QR_WGMMA_64(wgmmaE4m3, float, "f", "m64n64k32.f32.e4m3.e4m3", ", 1, 1")
QR_WGMMA_128(wgmmaBf16, float, "f", "m64n128k16.f32.bf16.bf16", ", 1, 1, 0")
QR_WGMMA_128(wgmmaE4m3, float, "f", "m64n128k32.f32.e4m3.e4m3", ", 1, 1")

#undef QR_SUMS_8
#undef QR_SUMS_32
#undef QR_NAMES_32
#undef QR_NAMES_64
#undef QR_WGMMA_64
#undef QR_WGMMA_128

}  // namespace qr

#endif
