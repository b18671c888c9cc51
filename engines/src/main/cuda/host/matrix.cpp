#include "matrix.hpp"

#include <cstring>

#include "numbers.hpp"

namespace sim {

namespace {

struct Mma {
    Element element;
    uint32_t* d;
    const uint32_t *a, *b, *c;
};

int bitsOf(Element e) {
    return e == Element::S4 ? 4 : e == Element::S8 || e == Element::E4m3 ? 8 : 16;
}

/// Element `index` of a register, as a number: exact in a double for every format.
double at(Element e, uint32_t word, int index) {
    int bits = bitsOf(e);
    uint32_t v = word >> (bits * index) & ((1u << bits) - 1);
    switch (e) {
        case Element::S8: return static_cast<int8_t>(v);
        case Element::S4: return static_cast<int>(v ^ 8) - 8;
        case Element::Bf16: return static_cast<double>(bf16ToFloat(static_cast<uint16_t>(v)));
        case Element::F16: return static_cast<double>(halfToFloat(static_cast<uint16_t>(v)));
        default: return static_cast<double>(e4m3ToFloat(static_cast<uint8_t>(v)));
    }
}

uint32_t addProduct(bool integers, uint32_t c, double product) {
    if (integers) {
        return c + static_cast<uint32_t>(static_cast<int64_t>(product));
    }
    return toBits(static_cast<float>(static_cast<double>(fromBits(c)) + product));
}

/// Rows of A are spread as (group, thread in group): row g or g + 8 by register bit 0, columns by register bit 1.
void multiply(void** args, uint32_t) {
    auto* first = static_cast<Mma*>(args[0]);
    Element e = first->element;
    int per = 32 / bitsOf(e), depth = per * 8;
    static thread_local double a[16][64], b[64][8];
    for (int lane = 0; lane < 32; lane++) {
        auto* m = static_cast<Mma*>(args[lane]);
        if (m->element != e) {
            fail(LaunchFailed, "mma: lanes of a warp multiply different types");
        }
        int g = lane / 4, t = lane % 4;
        for (int r = 0; r < 4; r++) {
            for (int i = 0; i < per; i++) {
                a[g + 8 * (r & 1)][per * t + i + (r >> 1) * depth / 2] = at(e, m->a[r], i);
            }
        }
        for (int r = 0; r < 2; r++) {
            for (int i = 0; i < per; i++) {
                b[per * t + i + r * depth / 2][g] = at(e, m->b[r], i);
            }
        }
    }
    bool integers = e == Element::S8 || e == Element::S4;
    for (int lane = 0; lane < 32; lane++) {
        auto* m = static_cast<Mma*>(args[lane]);
        int g = lane / 4, t = lane % 4;
        for (int r = 0; r < 4; r++) {
            double sum = 0;
            for (int k = 0; k < depth; k++) {
                sum += a[g + 8 * (r >> 1)][k] * b[k][2 * t + (r & 1)];
            }
            m->d[r] = addProduct(integers, m->c[r], sum);
        }
    }
}

struct Load {
    uint32_t* registers;
    int count;
    bool transposed;
    const void* row;
};

void loadAll(void** args, uint32_t) {
    auto* first = static_cast<Load*>(args[0]);
    for (int i = 0; i < first->count; i++) {
        uint16_t matrix[8][8];
        for (int r = 0; r < 8; r++) {
            memcpy(matrix[r], static_cast<Load*>(args[8 * i + r])->row, 16);
        }
        for (int lane = 0; lane < 32; lane++) {
            int g = lane / 4, t = lane % 4;
            uint32_t low = first->transposed ? matrix[2 * t][g] : matrix[g][2 * t];
            uint32_t high = first->transposed ? matrix[2 * t + 1][g] : matrix[g][2 * t + 1];
            static_cast<Load*>(args[lane])->registers[i] = low | high << 16;
        }
    }
}

struct Wgmma {
    uint32_t* accumulators;
    int columns;
    const uint32_t* a;
    uint64_t descriptorA, descriptorB;
    bool accumulate;
    int line;
};

/// Byte `k` of row `row` of a K-major operand by its descriptor: 8-row groups `stride` apart, rows of 16, 32, 64 or 128 bytes.
int8_t operand(uint64_t descriptor, int row, int k, int line) {
    uint32_t start = static_cast<uint32_t>(descriptor & 0x3fff) << 4;
    uint32_t leading = static_cast<uint32_t>(descriptor >> 16 & 0x3fff) << 4;
    uint32_t stride = static_cast<uint32_t>(descriptor >> 32 & 0x3fff) << 4;
    auto mode = static_cast<uint32_t>(descriptor >> 62);
    uint32_t address = start + static_cast<uint32_t>(row / 8) * stride;
    if (mode == 0) {
        address += static_cast<uint32_t>(k / 16) * leading + static_cast<uint32_t>(row % 8) * 16 + static_cast<uint32_t>(k % 16);
    } else {
        // Mode 1, 2, 3: rows of 128, 64, 32 bytes whose 16-byte pieces are exchanged by the bits above them.
        uint32_t width = 256u >> mode, mask = width / 16 - 1;
        address += static_cast<uint32_t>(row % 8) * width + static_cast<uint32_t>(k);
        address ^= (address >> 7 & mask) << 4;
    }
    return static_cast<int8_t>(*sharedPointer(address, 1, line));
}

void groupMultiply(void** args, uint32_t) {
    auto* first = static_cast<Wgmma*>(args[0]);
    int columns = first->columns;
    static int8_t a[64][32], b[256][32];
    for (int n = 0; n < columns; n++) {
        for (int k = 0; k < 32; k++) {
            b[n][k] = operand(first->descriptorB, n, k, first->line);
        }
    }
    for (int thread = 0; thread < 128; thread++) {
        auto* w = static_cast<Wgmma*>(args[thread]);
        if (w->columns != columns || w->descriptorB != first->descriptorB || !w->a != !first->a) {
            fail(LaunchFailed, "wgmma at line %d: threads of the warpgroup give different operands", first->line);
        }
        int g = thread % 32 / 4, t = thread % 4, top = thread / 32 * 16;
        for (int r = 0; w->a && r < 4; r++) {
            memcpy(&a[top + g + 8 * (r & 1)][4 * t + 16 * (r >> 1)], &w->a[r], 4);
        }
    }
    for (int m = 0; !first->a && m < 64; m++) {
        for (int k = 0; k < 32; k++) {
            a[m][k] = operand(first->descriptorA, m, k, first->line);
        }
    }
    for (int thread = 0; thread < 128; thread++) {
        auto* w = static_cast<Wgmma*>(args[thread]);
        int g = thread % 32 / 4, t = thread % 4, top = thread / 32 * 16;
        for (int i = 0; i < columns / 2; i++) {
            int row = top + g + 8 * (i >> 1 & 1), column = i / 4 * 8 + 2 * t + (i & 1);
            int sum = 0;
            for (int k = 0; k < 32; k++) {
                sum += a[row][k] * b[column][k];
            }
            w->accumulators[i] = (w->accumulate ? w->accumulators[i] : 0u) + static_cast<uint32_t>(sum);
        }
    }
}

struct FloatWgmma {
    Element element;
    FloatProduct product;
    int line;
};

void groupMultiplyFloats(void** args, uint32_t) {
    auto* first = static_cast<FloatWgmma*>(args[0]);
    Element e = first->element;
    int columns = first->product.columns, bytes = bitsOf(e) / 8, per = 4 / bytes, depth = 8 * per;
    static double a[64][32], b[256][32];
    for (int n = 0; n < columns; n++) {
        for (int k = 0; k < depth; k++) {
            uint32_t bits = 0;
            for (int i = 0; i < bytes; i++) {
                auto byte = static_cast<uint8_t>(operand(first->product.descriptorB, n, k * bytes + i, first->line));
                bits |= static_cast<uint32_t>(byte) << (8 * i);
            }
            b[n][k] = at(e, bits, 0);
        }
    }
    for (int thread = 0; thread < 128; thread++) {
        auto* w = static_cast<FloatWgmma*>(args[thread]);
        if (w->element != e || w->product.columns != columns || w->product.descriptorB != first->product.descriptorB) {
            fail(LaunchFailed, "wgmma at line %d: threads of the warpgroup give different operands", first->line);
        }
        int g = thread % 32 / 4, t = thread % 4, top = thread / 32 * 16;
        for (int r = 0; r < 4; r++) {
            for (int i = 0; i < per; i++) {
                a[top + g + 8 * (r & 1)][per * t + i + (r >> 1) * depth / 2] = at(e, w->product.a[r], i);
            }
        }
    }
    for (int thread = 0; thread < 128; thread++) {
        const FloatProduct& p = static_cast<FloatWgmma*>(args[thread])->product;
        int g = thread % 32 / 4, t = thread % 4, top = thread / 32 * 16;
        for (int i = 0; i < columns / 2; i++) {
            int row = top + g + 8 * (i >> 1 & 1), column = i / 4 * 8 + 2 * t + (i & 1);
            double sum = 0;
            for (int k = 0; k < depth; k++) {
                sum += a[row][k] * b[column][k];
            }
            p.d[i] = static_cast<float>((p.accumulate ? static_cast<double>(p.d[i]) : 0.0) + sum);
        }
    }
}

}  // namespace

void mma(Element element, uint32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const uint32_t (&c)[4], int line) {
    Mma mine{element, d, a, b, c};
    collective("mma.sync", line, ~uint32_t{0}, &mine, multiply);
}

void loadMatrices(uint32_t* registers, int count, bool transposed, const void* row, int line) {
    if (reinterpret_cast<uintptr_t>(row) % 16) {
        fail(MisalignedAddress, "ldmatrix at line %d: a row's address is no multiple of 16 bytes", line);
    }
    Load mine{registers, count, transposed, row};
    collective("ldmatrix", line, ~uint32_t{0}, &mine, loadAll);
}

void wgmmaS8(uint32_t* accumulators, int columns, const uint32_t* a, uint64_t descriptorA, uint64_t descriptorB, bool accumulate,
             int line) {
    Wgmma mine{accumulators, columns, a, descriptorA, descriptorB, accumulate, line};
    groupCollective("wgmma", line, &mine, groupMultiply);
}

void wgmmaFloat(Element element, const FloatProduct& product, int line) {
    FloatWgmma mine{element, product, line};
    groupCollective("wgmma", line, &mine, groupMultiplyFloats);
}

}  // namespace sim
