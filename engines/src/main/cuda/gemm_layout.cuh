// Where operands of the low-bit products lie: packed weights in fragment order, tokens in swizzled shared memory.
//
// All products are Y^T = W X^T: weights are the A operand (rows of a fragment = output channels), tokens the B operand.
//
// Packed weights: panels of 64 output channels, each [columns / unit][4 blocks of 16 rows][32 lanes][16 bytes], padded
// with zero weights to 64 rows and 128 columns. Lane 4 g + t of a block holds, of rows g and g + 8 and of every 32
// columns, columns 8 t .. 8 t + 7, the smallest piece that a register of eight s4 holds:
//   4 bits, a unit is 64 columns: word 0 = row g, word 1 = row g + 8 of columns 0..31; words 2, 3 = columns 32..63.
//     A word is columns 8 t .. 8 t + 7 from the low nibble up: the A fragment of mma.m16n8k64.s4 as it is.
//   8 bits, a unit is 32 columns: word 0 = row g, word 1 = row g + 8 of columns 8 t .. 8 t + 3; words 2, 3 = 8 t + 4 ...
// The order of columns inside a product is free as long as both operands agree: mma.sync takes columns 8 t .. 8 t + 7 of
// a token as the two registers of its B fragment, so weights never cross lanes. wgmma reads B from shared memory in the
// hardware's own order (columns 4 t.. and 16 + 4 t..), there a lane reads the 16 bytes of two lanes and keeps a half.
#pragma once
#include "ptx.cuh"

namespace qr {

constexpr int kPanel = 64;
constexpr int kUnitBytes = 512;
/// Bytes of a token in a slab, the piece of K that a warp multiplies at once: 64 columns of s8, 128 of s4.
constexpr int kSlabBytes = 64;

QR_INLINE void load16(u32 (&to)[4], const char* from) {
    uint4 words = *reinterpret_cast<const uint4*>(from);
    to[0] = words.x;
    to[1] = words.y;
    to[2] = words.z;
    to[3] = words.w;
}

QR_INLINE void load8(u32 (&to)[2], const char* from) {
    uint2 words = *reinterpret_cast<const uint2*>(from);
    to[0] = words.x;
    to[1] = words.y;
}

/// Eight s4 of a word as sixteen times their values in s8: columns 0..3 in `low`, 4..7 in `high`.
QR_INLINE void widen(u32 word, u32& low, u32& high) {
    u32 even = word << 4 & 0xF0F0F0F0u;
    u32 odd = word & 0xF0F0F0F0u;
    low = __byte_perm(even, odd, 0x5140);
    high = __byte_perm(even, odd, 0x7362);
}

/// Offset of 16-byte chunk `chunk` (0..3) of token `row` in a slab of rows of 64 bytes, so that neither the copies nor the
/// reads of fragments meet in a bank: s8 reads 8 bytes of 4 rows at once, s4 reads 16 bytes of 8 rows (ldmatrix).
template <int A_BITS>
QR_INLINE int tokenOffset(int row, int chunk) {
    int turned = A_BITS == 8 ? chunk ^ (row & 2) : chunk ^ (row >> 1 & 3);
    return row * kSlabBytes + turned * 16;
}

/// Tile of a block in the order that keeps what runs at the same time close together: groups of `GROUP` token tiles, all
/// output tiles of a group before the next group.
template <int GROUP>
QR_INLINE void tileOf(int index, int token_tiles, int out_tiles, int& token_tile, int& out_tile) {
    int group = index / (GROUP * out_tiles);
    int within = index - group * GROUP * out_tiles;
    int first = group * GROUP;
    int size = token_tiles - first < GROUP ? token_tiles - first : GROUP;
    token_tile = first + within % size;
    out_tile = within / size;
}

}  // namespace qr
