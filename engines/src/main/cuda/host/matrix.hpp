// Tensor core instructions of the simulator, by the fragment layouts of the PTX manual ("Warp-level matrix instructions").
#pragma once
#include <cstdint>

#include "grid.hpp"

namespace sim {

enum class Element { S8, S4, Bf16, F16, E4m3 };

/// mma.sync: D = A B + C. Shapes by element: s8 and e4m3 16x8x32, s4 16x8x64, bf16 and f16 16x8x16; accumulators 32 bits wide
/// (s32 for integers, f32 otherwise), given as bits.
void mma(Element element, uint32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const uint32_t (&c)[4], int line);

/// ldmatrix.sync.m8n8.xN.b16: lane 8 i + r gives the address of row r (16 bytes) of matrix i.
void loadMatrices(uint32_t* registers, int count, bool transposed, const void* row, int line);

/// wgmma m64 n`columns` k32 s32 += s8 s8 of a warpgroup; A from registers (`a` of four words) or by descriptor when `a` is null.
void wgmmaS8(uint32_t* accumulators, int columns, const uint32_t* a, uint64_t descriptorA, uint64_t descriptorB, bool accumulate,
             int line);

/// A product of a warpgroup in floating point: m64 n`columns` k16 (bf16) or k32 (e4m3), f32 sums, A from registers.
struct FloatProduct {
    float* d;
    int columns;
    const uint32_t* a;
    uint64_t descriptorB;
    bool accumulate;
};
void wgmmaFloat(Element element, const FloatProduct& product, int line);

}  // namespace sim
