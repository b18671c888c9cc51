// What the simulated driver keeps in a CUtensorMap: a matrix of bytes of which boxes are copied.
#pragma once
#include <cstdint>
#include <cstring>

namespace sim {

/// The first words of the 128 bytes; written by cuTensorMapEncodeTiled.
struct TensorMatrix {
    static constexpr uint64_t kMark = 0x70614d726f736e54;
    uint64_t mark;
    const char* data;
    uint64_t width, height, pitch;
    uint32_t boxWidth, boxHeight;
    uint32_t swizzle;
};
static_assert(sizeof(TensorMatrix) <= 128);

/// A box of a matrix.
struct TensorBox {
    TensorMatrix matrix;
    int64_t x, y;

    static TensorBox of(const void* map, int x, int y) {
        TensorBox box{};
        std::memcpy(&box.matrix, map, sizeof box.matrix);
        box.x = x;
        box.y = y;
        return box;
    }

    bool isValid() const { return matrix.mark == TensorMatrix::kMark; }

    int bytes() const { return static_cast<int>(matrix.boxWidth * matrix.boxHeight); }

    /// Copies it, 16-byte pieces exchanged as SWIZZLE_128B does (rows of 128 bytes); zeros outside of the matrix.
    void copy(char* to) const {
        for (uint32_t row = 0; row < matrix.boxHeight; row++) {
            for (uint32_t column = 0; column < matrix.boxWidth; column++) {
                uint32_t at = row * matrix.boxWidth + column;
                if (matrix.swizzle == 3) {
                    at ^= (at >> 7 & 7) << 4;
                }
                int64_t sourceX = x + column, sourceY = y + row;
                bool inside = sourceX >= 0 && sourceY >= 0 && static_cast<uint64_t>(sourceX) < matrix.width
                              && static_cast<uint64_t>(sourceY) < matrix.height;
                to[at] = inside ? matrix.data[static_cast<uint64_t>(sourceY) * matrix.pitch + static_cast<uint64_t>(sourceX)] : 0;
            }
        }
    }
};

}  // namespace sim
