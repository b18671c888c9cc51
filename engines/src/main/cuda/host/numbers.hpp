// Narrow floating-point formats of the GPU as host functions: round to nearest even everywhere.
#pragma once
#include <math.h>
#include <string.h>

#include <cstdint>

namespace sim {

inline float fromBits(uint32_t v) {
    float f;
    memcpy(&f, &v, 4);
    return f;
}
inline uint32_t toBits(float f) {
    uint32_t v;
    memcpy(&v, &f, 4);
    return v;
}

inline float bf16ToFloat(uint16_t v) { return fromBits(static_cast<uint32_t>(v) << 16); }
/// cvt.rn.bf16.f32: NaN becomes 0x7fff.
inline uint16_t floatToBf16(float f) {
    uint32_t v = toBits(f);
    if (f != f) {
        return 0x7fff;
    }
    return static_cast<uint16_t>((v + 0x7fffu + (v >> 16 & 1)) >> 16);
}

/// Any format with `exponentBits`, `mantissaBits` and IEEE subnormals, from a finite magnitude that does not overflow.
inline uint32_t roundTo(float f, int exponentBits, int mantissaBits) {
    int bias = (1 << (exponentBits - 1)) - 1;
    double magnitude = fabs(static_cast<double>(f));
    if (magnitude == 0) {
        return 0;
    }
    int exponent;
    frexp(magnitude, &exponent);
    int scale = exponent - 1 < 1 - bias ? 1 - bias : exponent - 1;
    double steps = rint(ldexp(magnitude, mantissaBits - scale));
    if (steps >= ldexp(1.0, mantissaBits + 1)) {
        scale++;
        steps /= 2;
    }
    auto code = static_cast<uint32_t>(steps);
    bool normal = code >> mantissaBits & 1;
    return normal ? (static_cast<uint32_t>(scale + bias) << mantissaBits) + (code - (1u << mantissaBits)) : code;
}

inline float widen(uint32_t code, int exponentBits, int mantissaBits) {
    int bias = (1 << (exponentBits - 1)) - 1;
    uint32_t mantissa = code & ((1u << mantissaBits) - 1), exponent = code >> mantissaBits & ((1u << exponentBits) - 1);
    double v = exponent ? ldexp(1.0 + ldexp(static_cast<double>(mantissa), -mantissaBits), static_cast<int>(exponent) - bias)
                        : ldexp(static_cast<double>(mantissa), 1 - bias - mantissaBits);
    return static_cast<float>(code >> (exponentBits + mantissaBits) & 1 ? -v : v);
}

inline float halfToFloat(uint16_t v) {
    if ((v & 0x7c00) == 0x7c00) {
        float inf = v & 0x3ff ? NAN : INFINITY;
        return v & 0x8000 ? -inf : inf;
    }
    return widen(v, 5, 10);
}
inline uint16_t floatToHalf(float f) {
    uint32_t sign = toBits(f) >> 16 & 0x8000;
    if (f != f) {
        return 0x7fff;
    }
    uint32_t code = fabsf(f) >= 65520.0f ? 0x7c00 : roundTo(f, 5, 10);
    return static_cast<uint16_t>(sign | code);
}

/// fp8 e4m3 (no infinities, largest 448, NaN 0x7f).
inline float e4m3ToFloat(uint8_t v) { return (v & 0x7f) == 0x7f ? NAN : widen(v, 4, 3); }
/// cvt.rn.satfinite.e4m3x2.f32.
inline uint8_t floatToE4m3(float f) {
    if (f != f) {
        return 0x7f;
    }
    uint32_t sign = toBits(f) >> 24 & 0x80;
    uint32_t code = fabsf(f) >= 448.0f ? 0x7e : roundTo(f, 4, 3);
    return static_cast<uint8_t>(sign | (code > 0x7e ? 0x7e : code));
}

}  // namespace sim
