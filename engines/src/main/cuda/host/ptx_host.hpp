// The functions of ptx.cuh on the host simulator.
#pragma once
#include "builtins.hpp"
#include "matrix.hpp"
#include "numbers.hpp"

namespace qr {

struct bf16;

inline float fastExp2(float v) { return exp2f(v); }
inline float fastReciprocal(float v) { return 1.0f / v; }

inline float maxNan(float a, float b) { return a != a || b != b ? NAN : a > b ? a : b; }
inline float minNan(float a, float b) { return a != a || b != b ? NAN : a < b ? a : b; }

inline unsigned packBf16(float low, float high) {
    return sim::floatToBf16(low) | static_cast<unsigned>(sim::floatToBf16(high)) << 16;
}
inline unsigned packF16(float low, float high) {
    return sim::floatToHalf(low) | static_cast<unsigned>(sim::floatToHalf(high)) << 16;
}
inline unsigned short packE4m3(float low, float high) {
    return static_cast<unsigned short>(sim::floatToE4m3(low) | sim::floatToE4m3(high) << 8);
}

inline void prefetchL2(const void*) {}

inline unsigned sharedAddress(const void* pointer, QR_LINE) { return sim::sharedAddress(pointer, line); }

inline void copyAsync(void* shared, const void* global, int bytes, bool valid, int line) {
    if (reinterpret_cast<uintptr_t>(shared) % static_cast<unsigned>(bytes) || reinterpret_cast<uintptr_t>(global) % static_cast<unsigned>(bytes)) {
        sim::fail(sim::MisalignedAddress, "cp.async of %d bytes at line %d: an address is no multiple of it", bytes, line);
    }
    sim::current->open.push_back({shared, global, bytes, valid ? bytes : 0});
}
inline void copyAsync16(void* shared, const void* global, bool valid = true, QR_LINE) {
    copyAsync(shared, global, 16, valid, line);
}
template <int Bytes>
void copyAsyncSmall(void* shared, const void* global, bool valid = true, QR_LINE) {
    static_assert(Bytes == 4 || Bytes == 8);
    copyAsync(shared, global, Bytes, valid, line);
}
inline void commitCopies() {
    sim::current->groups.push_back(std::move(sim::current->open));
    sim::current->open.clear();
}
/// Copies happen here and not before: a missing wait shows as poison.
template <int Pending>
void waitCopies() {
    auto& groups = sim::current->groups;
    while (groups.size() > static_cast<size_t>(Pending)) {
        for (const sim::AsyncCopy& c : groups.front()) {
            memcpy(c.target, c.source, static_cast<size_t>(c.sourceBytes));
            memset(static_cast<char*>(c.target) + c.sourceBytes, 0, static_cast<size_t>(c.bytes - c.sourceBytes));
        }
        groups.erase(groups.begin());
    }
    asm volatile("" ::: "memory");
}

inline void loadMatrix4(unsigned (&r)[4], const void* row, QR_LINE) { sim::loadMatrices(r, 4, false, row, line); }
inline void loadMatrix2(unsigned (&r)[2], const void* row, QR_LINE) { sim::loadMatrices(r, 2, false, row, line); }
inline void loadMatrix4Transposed(unsigned (&r)[4], const void* row, QR_LINE) { sim::loadMatrices(r, 4, true, row, line); }
inline void loadMatrix2Transposed(unsigned (&r)[2], const void* row, QR_LINE) { sim::loadMatrices(r, 2, true, row, line); }

/// c += a b with accumulators of any 32-bit type.
template <class C>
void mmaAny(sim::Element element, C (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], int line) {
    static_assert(sizeof(C) == 4);
    uint32_t bits[4];
    memcpy(bits, c, sizeof bits);
    sim::mma(element, bits, a, b, bits, line);
    memcpy(c, bits, sizeof bits);
}
inline void mmaS8(int (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], QR_LINE) { mmaAny(sim::Element::S8, c, a, b, line); }
inline void mmaS4(int (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], QR_LINE) { mmaAny(sim::Element::S4, c, a, b, line); }
inline void mmaBf16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], QR_LINE) {
    mmaAny(sim::Element::Bf16, c, a, b, line);
}
inline void mmaF16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], QR_LINE) { mmaAny(sim::Element::F16, c, a, b, line); }
inline void mmaE4m3(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], QR_LINE) {
    mmaAny(sim::Element::E4m3, c, a, b, line);
}

inline void barrierSync(int id, int threads, QR_LINE) { sim::barrier(id, static_cast<unsigned>(threads), line); }
inline void barrierArrive(int id, int threads, QR_LINE) { sim::arrive(id, static_cast<unsigned>(threads), line); }

}  // namespace qr
