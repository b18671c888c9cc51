// The functions of hopper.cuh on the host simulator.
#pragma once
#include "builtins.hpp"
#include "hopper.hpp"

namespace qr {

inline void mbarrierInit(u64* barrier, int arrivals, QR_LINE) { sim::barrierInit(barrier, arrivals, line); }
inline void mbarrierInitDone() {}
inline void mbarrierArrive(u64* barrier, QR_LINE) { sim::barrierExpect(barrier, 0, line); }
inline void mbarrierExpect(u64* barrier, int bytes, QR_LINE) { sim::barrierExpect(barrier, bytes, line); }
inline void mbarrierWait(u64* barrier, int parity, QR_LINE) { sim::barrierWait(barrier, parity, line); }

inline void copyBox(void* to, const TensorMap* map, int x, int y, u64* barrier, QR_LINE) {
    sim::copyBox(to, map, x, y, barrier, line);
}
inline void copyBulk(void* to, const void* from, int bytes, u64* barrier, QR_LINE) {
    sim::copyBulk(to, from, bytes, barrier, line);
}

inline u64 matrixDescriptor(const void* matrix, QR_LINE) {
    return (sim::sharedAddress(matrix, line) >> 4 & 0x3FFF) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

inline void warpgroupFence() {}
inline void warpgroupCommit() { sim::commitProducts(); }
template <int Pending>
void warpgroupWait() {
    sim::waitProducts(Pending);
}
inline void pin(unsigned (&)[4]) {}
template <class T, int N>
void settle(T (&)[N]) {}

inline void wgmmaS8(int (&d)[128], const unsigned (&a)[4], u64 b, QR_LINE) {
    sim::issueProduct(reinterpret_cast<uint32_t*>(d), 256, a, b, true, line);
}

template <int Registers>
void giveRegisters() {}
template <int Registers>
void takeRegisters() {}

}  // namespace qr
