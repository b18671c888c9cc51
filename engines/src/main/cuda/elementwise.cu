// Operators on single elements, with numpy's broadcasting: one kernel for values, one for integers. Which operator, and of which
// types, is decided at run time: these kernels wait for memory, not for the branch.
#include "element.cuh"

namespace qr {

constexpr int MAX_AXES = 6;
constexpr int THREADS = 256;

/// Element types by the numbers that dev.quantreel.engines.runtime.cuda.kernel.ElementType has.
enum Type { F32 = 0, BF16 = 1, F16 = 2, I64 = 3, I32 = 4, I8 = 5, U8 = 6 };

/// Operators by the numbers of dev.quantreel.engines.runtime.cuda.kernel.ElementwiseOp.
enum Op {
    COPY = 0,
    ABS = 1,
    CEIL = 2,
    COS = 3,
    ERF = 4,
    EXP = 5,
    FLOOR = 6,
    GELU = 7,
    GELU_TANH = 8,
    NEG = 9,
    RECIPROCAL = 10,
    RELU = 11,
    ROUND = 12,
    SIGMOID = 13,
    SIGN = 14,
    SILU = 15,
    SIN = 16,
    SQRT = 17,
    TANH = 18,
    NOT = 19,
    ADD = 32,
    SUB = 33,
    MUL = 34,
    DIV = 35,
    POW = 36,
    MAX = 37,
    MIN = 38,
    EQUAL = 39,
    GREATER = 40,
    SHIFT_LEFT = 41,
    SHIFT_RIGHT = 42,
    CLIP = 64,
    WHERE = 65,
    MUL_ADD = 66,
    MODULATE = 67,
};

/// One launch. Strides are in elements, 0 where an operand is the same along an axis; axes are merged as far as they can be.
struct ElementwiseTask {
    void* out;
    const void* in[3];
    int outType;
    int type[3];
    int op;
    int operands;
    int rank;
    u32 count;
    u32 extent[MAX_AXES];
    u32 stride[3][MAX_AXES];
};

QR_INLINE float halfToFloat(u16 bits) {
    u32 sign = (u32)(bits & 0x8000) << 16;
    u32 exponent = bits >> 10 & 31;
    u32 fraction = bits & 1023;
    if (exponent == 0) {
        float small = (float)fraction * 5.9604644775390625e-8f;  // 2^-24
        return sign ? -small : small;
    }
    return __uint_as_float(sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13);
}

template <class C>
QR_INLINE C load(const void* data, int type, u32 at) {
    switch (type) {
        case F32:
            return (C)static_cast<const float*>(data)[at];
        case BF16:
            return (C)toFloat(static_cast<const bf16*>(data)[at]);
        case F16:
            return (C)halfToFloat(static_cast<const u16*>(data)[at]);
        case I64:
            return (C)static_cast<const long long*>(data)[at];
        case I32:
            return (C)static_cast<const int*>(data)[at];
        case I8:
            return (C)static_cast<const s8*>(data)[at];
        default:
            return (C)static_cast<const u8*>(data)[at];
    }
}

/// Floats are cut towards zero.
template <class C>
QR_INLINE void save(void* data, int type, u32 at, C v) {
    switch (type) {
        case F32:
            static_cast<float*>(data)[at] = (float)v;
            break;
        case BF16:
            static_cast<bf16*>(data)[at] = toBf16((float)v);
            break;
        case F16:
            static_cast<u16*>(data)[at] = (u16)packF16((float)v, 0.0f);
            break;
        case I64:
            static_cast<long long*>(data)[at] = (long long)v;
            break;
        case I32:
            static_cast<int*>(data)[at] = (int)v;
            break;
        case I8:
            static_cast<s8*>(data)[at] = (s8)(int)v;
            break;
        default:
            static_cast<u8*>(data)[at] = (u8)(int)v;
    }
}

/// Sine, or with `quarter` 1 cosine: three steps of reduction by pi / 2, then polynomials (those of the Cephes library). Absolute
/// error below 2e-7 up to 1e4, growing with x beyond. The library's own would keep a table in memory for larger ones.
QR_INLINE float sine(float x, int quarter) {
    float turns = rintf(x * 0.63661977f);
    float r = fmaf(turns, -1.5703125f, x);
    r = fmaf(turns, -4.8375129699707031e-4f, r);
    r = fmaf(turns, -7.5497899548918861e-8f, r);
    int phase = ((int)turns + quarter) & 3;
    float square = r * r;
    float s = fmaf(fmaf(fmaf(-1.9515295891e-4f, square, 8.3321608736e-3f), square, -1.6666654611e-1f), square * r, r);
    float c = fmaf(fmaf(2.443315711809948e-5f, square, -1.388731625493765e-3f), square, 4.166664568298827e-2f);
    c = fmaf(c, square * square, fmaf(-0.5f, square, 1.0f));
    float v = fminf(fmaxf(phase & 1 ? c : s, -1.0f), 1.0f);
    return phase & 2 ? -v : v;
}

QR_INLINE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

QR_INLINE float apply(int op, float a, float b, float c) {
    switch (op) {
        case ABS:
            return fabsf(a);
        case CEIL:
            return ceilf(a);
        case COS:
            return sine(a, 1);
        case ERF:
            return erff(a);
        case EXP:
            return expf(a);
        case FLOOR:
            return floorf(a);
        case GELU:
            return 0.5f * a * (1.0f + erff(a * 0.70710678f));
        case GELU_TANH:
            return 0.5f * a * (1.0f + tanhf(0.7978845608f * (a + 0.044715f * a * a * a)));
        case NEG:
            return -a;
        case RECIPROCAL:
            return 1.0f / a;
        case RELU:
            return fmaxf(a, 0.0f);
        case ROUND:
            return rintf(a);
        case SIGMOID:
            return sigmoid(a);
        case SIGN:
            return a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : a;
        case SILU:
            return a * sigmoid(a);
        case SIN:
            return sine(a, 0);
        case SQRT:
            return sqrtf(a);
        case TANH:
            return tanhf(a);
        case NOT:
            return a == 0.0f ? 1.0f : 0.0f;
        case ADD:
            return a + b;
        case SUB:
            return a - b;
        case MUL:
            return a * b;
        case DIV:
            return a / b;
        case POW:
            return powf(a, b);
        case MAX:
            return fmaxf(a, b);
        case MIN:
            return fminf(a, b);
        case EQUAL:
            return a == b ? 1.0f : 0.0f;
        case GREATER:
            return a > b ? 1.0f : 0.0f;
        case CLIP:
            return fminf(fmaxf(a, b), c);
        case WHERE:
            return a != 0.0f ? b : c;
        case MUL_ADD:
            return a + b * c;
        case MODULATE:
            return a * (1.0f + b) + c;
        default:
            return a;
    }
}

QR_INLINE long long apply(int op, long long a, long long b, long long c) {
    switch (op) {
        case ABS:
            return a < 0 ? -a : a;
        case NEG:
            return -a;
        case SIGN:
            return (a > 0) - (a < 0);
        case NOT:
            return a == 0;
        case ADD:
            return a + b;
        case SUB:
            return a - b;
        case MUL:
            return a * b;
        case DIV:
            return b == 0 ? 0 : a / b;
        case MAX:
            return a > b ? a : b;
        case MIN:
            return a < b ? a : b;
        case EQUAL:
            return a == b;
        case GREATER:
            return a > b;
        case SHIFT_LEFT:
            return (long long)((u64)a << (b & 63));
        case SHIFT_RIGHT:
            return (long long)((u64)a >> (b & 63));
        case CLIP:
            return a < b ? b : a > c ? c : a;
        case WHERE:
            return a != 0 ? b : c;
        case MUL_ADD:
            return a + b * c;
        default:
            return a;
    }
}

/// Where the operands of element (or group of neighbours) number `at` lie.
QR_INLINE void places(const ElementwiseTask& t, u32 at, u32 (&place)[3]) {
    place[0] = place[1] = place[2] = 0;
    u32 rest = at;
    for (int axis = t.rank - 1; axis >= 0; axis--) {
        u32 next = axis > 0 ? rest / t.extent[axis] : 0;
        u32 index = rest - next * t.extent[axis];
        rest = next;
#pragma unroll
        for (int i = 0; i < 3; i++) {
            place[i] += index * t.stride[i][axis];
        }
    }
}

/// Each thread computes the element of its number. Grid: count / 256.
template <class C>
QR_INLINE void elementwise(const ElementwiseTask& t) {
    u32 at = blockIdx.x * THREADS + threadIdx.x;
    if (at >= t.count) {
        return;
    }
    u32 place[3];
    places(t, at, place);
    C v[3] = {0, 0, 0};
#pragma unroll
    for (int i = 0; i < 3; i++) {
        if (i < t.operands) {
            v[i] = load<C>(t.in[i], t.type[i], place[i]);
        }
    }
    save<C>(t.out, t.outType, at, apply(t.op, v[0], v[1], v[2]));
}

/// Neighbours of an operand whose last axis is dense, or one element for all of them.
QR_INLINE void loadWide(float (&v)[4], const void* data, int, u32 at, bool dense) {
    if (dense) {
        load4(v, static_cast<const float*>(data) + at);
        return;
    }
    v[0] = v[1] = v[2] = v[3] = static_cast<const float*>(data)[at];
}

QR_INLINE void loadWide(float (&v)[8], const void* data, int type, u32 at, bool dense) {
    if (!dense) {
        float one = load<float>(data, type, at);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            v[i] = one;
        }
    } else if (type == BF16) {
        load8(v, static_cast<const bf16*>(data) + at);
    } else {
        load8(v, static_cast<const float*>(data) + at);
    }
}

QR_INLINE void saveWide(void* data, int, u32 at, const float (&v)[4]) {
    store4(static_cast<float*>(data) + at, v);
}

QR_INLINE void saveWide(void* data, int type, u32 at, const float (&v)[8]) {
    if (type == BF16) {
        store8(static_cast<bf16*>(data) + at, v);
    } else {
        store8(static_cast<float*>(data) + at, v);
    }
}

/// WIDTH elements side by side per thread: 4 where all is f32, 8 where bf16 is among f32 and bf16. Every operand's last axis is
/// dense or constant, everything dense aligned to 16 bytes. `dense` has bit i where operand i is dense. Grid: count / 256; count
/// and extents in groups of WIDTH.
template <int WIDTH>
QR_INLINE void elementwiseWide(const ElementwiseTask& t, int dense) {
    u32 at = blockIdx.x * THREADS + threadIdx.x;
    if (at >= t.count) {
        return;
    }
    u32 place[3];
    places(t, at, place);
    float v[3][WIDTH] = {};
#pragma unroll
    for (int i = 0; i < 3; i++) {
        if (i < t.operands) {
            loadWide(v[i], t.in[i], t.type[i], place[i], dense >> i & 1);
        }
    }
    float out[WIDTH];
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
        out[i] = apply(t.op, v[0][i], v[1][i], v[2][i]);
    }
    saveWide(t.out, t.outType, at * WIDTH, out);
}

}  // namespace qr

extern "C" __global__ void __launch_bounds__(256) qr_elementwise_f32(qr::ElementwiseTask task) {
    qr::elementwise<float>(task);
}

extern "C" __global__ void __launch_bounds__(256) qr_elementwise_s64(qr::ElementwiseTask task) {
    qr::elementwise<long long>(task);
}

extern "C" __global__ void __launch_bounds__(256) qr_elementwise4_f32(qr::ElementwiseTask task, int dense) {
    qr::elementwiseWide<4>(task, dense);
}

extern "C" __global__ void __launch_bounds__(256) qr_elementwise8_bf16(qr::ElementwiseTask task, int dense) {
    qr::elementwiseWide<8>(task, dense);
}
