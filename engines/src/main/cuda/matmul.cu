// Products of matrices in f32 (any strides) and in bf16 (rows along the contraction, tensor cores). For linears that stay in full
// precision; quantized ones have kernels of their own.
#include "element.cuh"

namespace qr {

constexpr int BATCH_AXES = 3;

/// c[batch, m, n] = sum over k of a[batch, m, k] * b[batch, k, n] + bias[n]; strides in elements, 0 repeats; c in C order.
struct MatMulTask {
    const float* a;
    const float* b;
    const float* bias;  // or null
    float* c;
    int m;
    int n;
    int k;
    int batch[BATCH_AXES];
    long long aRow;
    long long aColumn;
    long long bRow;
    long long bColumn;
    long long aBatch[BATCH_AXES];
    long long bBatch[BATCH_AXES];
};

constexpr int F32_TILE = 64;
constexpr int F32_DEPTH = 16;

/// Tiles of 64 x 64, 256 threads of 4 x 4 results; each result is summed over k in order, rounded once per step (fmaf).
/// Grid: n / 64, m / 64, batch.
QR_INLINE void matmulF32(const MatMulTask& t) {
    __shared__ float as[F32_DEPTH][F32_TILE + 4];
    __shared__ float bs[F32_DEPTH][F32_TILE + 4];
    const float* a = t.a;
    const float* b = t.b;
    int rest = blockIdx.z;
    for (int axis = BATCH_AXES - 1; axis >= 0; axis--) {
        int index = rest % t.batch[axis];
        rest /= t.batch[axis];
        a += index * t.aBatch[axis];
        b += index * t.bBatch[axis];
    }
    int row = blockIdx.y * F32_TILE;
    int column = blockIdx.x * F32_TILE;
    int y = threadIdx.x / 16 * 4;
    int x = threadIdx.x % 16 * 4;
    float sum[4][4] = {};
    bool aAlongK = t.aColumn == 1;
    bool bAlongK = t.bRow == 1;
    for (int from = 0; from < t.k; from += F32_DEPTH) {
        for (int i = threadIdx.x; i < F32_TILE * F32_DEPTH; i += 256) {
            // Neighbouring threads read along whichever axis is dense.
            int ak = aAlongK ? i % F32_DEPTH : i / F32_TILE;
            int am = aAlongK ? i / F32_DEPTH : i % F32_TILE;
            bool aReal = row + am < t.m && from + ak < t.k;
            as[ak][am] = aReal ? a[(row + am) * t.aRow + (from + ak) * t.aColumn] : 0.0f;
            int bk = bAlongK ? i % F32_DEPTH : i / F32_TILE;
            int bn = bAlongK ? i / F32_DEPTH : i % F32_TILE;
            bool bReal = column + bn < t.n && from + bk < t.k;
            bs[bk][bn] = bReal ? b[(from + bk) * t.bRow + (column + bn) * t.bColumn] : 0.0f;
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < F32_DEPTH; k++) {
            float u[4];
            float v[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                u[i] = as[k][y + i];
                v[i] = bs[k][x + i];
            }
#pragma unroll
            for (int i = 0; i < 16; i++) {
                sum[i / 4][i % 4] = fmaf(u[i / 4], v[i % 4], sum[i / 4][i % 4]);
            }
        }
        __syncthreads();
    }
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            if (row + y + i < t.m && column + x + j < t.n) {
                float bias = t.bias != nullptr ? t.bias[column + x + j] : 0.0f;
                t.c[((long long)blockIdx.z * t.m + row + y + i) * t.n + column + x + j] = sum[i][j] + bias;
            }
        }
    }
}

constexpr int BF16_TILE = 128;
constexpr int BF16_DEPTH = 32;
constexpr int BF16_STAGE = BF16_TILE * BF16_DEPTH * 2;

/// Where 16 bytes `chunk` of a row of 64 bytes lie, so that ldmatrix meets no bank twice.
QR_INLINE int bf16Place(int row, int chunk) { return row * 64 + (chunk ^ (row >> 1 & 3)) * 16; }

/// Starts copying rows `from` to `from + 127`, columns `k` to `k + 31`; what lies outside becomes zero.
QR_INLINE void copyBf16(unsigned char* tile, const bf16* x, int rows, int width, int from, int k) {
#pragma unroll
    for (int i = threadIdx.x; i < BF16_TILE * 4; i += 256) {
        int row = i / 4;
        int column = k + i % 4 * 8;
        bool real = from + row < rows && column < width;
        const bf16* source = real ? x + (long long)(from + row) * width + column : x;
        copyAsync16(tile + bf16Place(row, i % 4), source, real);
    }
}

/// c[m, n] = sum over k of a[m, k] * b[n, k] + bias[n], `k` a multiple of 8. Eight warps of 32 x 64 results; two stages.
/// Grid: n / 128, m / 128, batch; batches `a`, `b` and `c` lie `aBatch`, `bBatch`, m * n elements apart.
template <class T>
QR_INLINE void matmulBf16(
        const bf16* a, const bf16* b, const float* bias, T* c, int m, int n, int k, long long aBatch, long long bBatch) {
    __shared__ __align__(128) unsigned char stages[2][2 * BF16_STAGE];
    a += blockIdx.z * aBatch;
    b += blockIdx.z * bBatch;
    c += (long long)blockIdx.z * m * n;
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int row = blockIdx.y * BF16_TILE;
    int column = blockIdx.x * BF16_TILE;
    int warpRow = warp / 2 * 32;
    int warpColumn = warp % 2 * 64;
    float sum[2][8][4] = {};
    copyBf16(stages[0], a, m, k, row, 0);
    copyBf16(stages[0] + BF16_STAGE, b, n, k, column, 0);
    commitCopies();
    for (int from = 0, stage = 0; from < k; from += BF16_DEPTH, stage ^= 1) {
        waitCopies<0>();
        __syncthreads();
        if (from + BF16_DEPTH < k) {
            copyBf16(stages[stage ^ 1], a, m, k, row, from + BF16_DEPTH);
            copyBf16(stages[stage ^ 1] + BF16_STAGE, b, n, k, column, from + BF16_DEPTH);
        }
        commitCopies();
        const unsigned char* as = stages[stage];
        const unsigned char* bs = stages[stage] + BF16_STAGE;
#pragma unroll
        for (int step = 0; step < 2; step++) {
            u32 u[2][4];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                loadMatrix4(u[i], as + bf16Place(warpRow + 16 * i + lane % 16, 2 * step + lane / 16));
            }
#pragma unroll
            for (int j = 0; j < 4; j++) {
                u32 v[4];
                int own = warpColumn + 16 * j + lane % 8 + lane / 16 * 8;
                loadMatrix4(v, bs + bf16Place(own, 2 * step + lane / 8 % 2));
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    u32 eight[2] = {v[2 * half], v[2 * half + 1]};
                    mmaBf16(sum[0][2 * j + half], u[0], eight);
                    mmaBf16(sum[1][2 * j + half], u[1], eight);
                }
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < 8; j++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                int y = row + warpRow + 16 * i + lane / 4 + e / 2 * 8;
                int x = column + warpColumn + 8 * j + lane % 4 * 2 + e % 2;
                if (y < m && x < n) {
                    store(c + (long long)y * n + x, sum[i][j][e] + (bias != nullptr ? bias[x] : 0.0f));
                }
            }
        }
    }
}

}  // namespace qr

extern "C" __global__ void __launch_bounds__(256) qr_matmul_f32(qr::MatMulTask task) { qr::matmulF32(task); }

#define QR_LINEAR(type, suffix)                                                                                           \
    extern "C" __global__ void __launch_bounds__(256) qr_linear_bf16_##suffix(                                            \
            const qr::bf16* a, const qr::bf16* b, const float* bias, type* c, int m, int n, int k, long long aBatch,      \
            long long bBatch) {                                                                                           \
        qr::matmulBf16<type>(a, b, bias, c, m, n, k, aBatch, bBatch);                                                     \
    }

QR_LINEAR(float, f32)
QR_LINEAR(qr::bf16, bf16)
