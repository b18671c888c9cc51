// Kernels that exercise the simulator itself: instructions beside their definition, and one of each mistake it must report.
#include "ptx.cuh"

using namespace qr;

extern "C" __global__ void qr_probe_add_f32(const float* a, const float* b, float* c, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        c[i] = a[i] + b[i];
    }
}

/// Sum of each block's 256 values: static shared memory and barriers.
extern "C" __global__ void qr_probe_sum_f32(const float* x, float* sums) {
    __shared__ float part[256];
    part[threadIdx.x] = x[blockIdx.x * 256 + threadIdx.x];
    for (int step = 128; step > 0; step /= 2) {
        __syncthreads();
        if (static_cast<int>(threadIdx.x) < step) {
            part[threadIdx.x] += part[threadIdx.x + step];
        }
    }
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = part[0];
    }
}

/// The same without the barriers: right only when threads happen to run in their order.
extern "C" __global__ void qr_probe_race_f32(const float* x, float* sums) {
    __shared__ float part[256];
    part[255 - threadIdx.x] = x[blockIdx.x * 256 + threadIdx.x];
    __syncwarp();
    if (threadIdx.x == 255) {
        float s = 0;
        for (int i = 0; i < 256; i++) {
            s += part[i];
        }
        sums[blockIdx.x] = s;
    }
}

/// Sum of 32 values by shuffles, and the ballot of their signs.
extern "C" __global__ void qr_probe_warp_f32(const float* x, float* sum, u32* negative) {
    float v = x[threadIdx.x];
    u32 signs = __ballot_sync(0xffffffffu, v < 0);
    for (int step = 16; step > 0; step /= 2) {
        v += __shfl_xor_sync(0xffffffffu, v, step);
    }
    sum[threadIdx.x] = v;
    negative[threadIdx.x] = signs;
}

/// d = a b + c of one warp: a and b as registers of every lane (4 and 2 words), c and d 4 words each; `kind` picks the type.
extern "C" __global__ void qr_probe_mma(int kind, const u32* a, const u32* b, const u32* c, u32* d) {
    u32 fa[4], fb[2];
    int acc[4];
    float facc[4];
    for (int i = 0; i < 4; i++) {
        fa[i] = a[4 * threadIdx.x + i];
        acc[i] = static_cast<int>(c[4 * threadIdx.x + i]);
        facc[i] = __int_as_float(acc[i]);
    }
    fb[0] = b[2 * threadIdx.x];
    fb[1] = b[2 * threadIdx.x + 1];
    switch (kind) {
        case 0: mmaS8(acc, fa, fb); break;
        case 1: mmaS4(acc, fa, fb); break;
        case 2: mmaBf16(facc, fa, fb); break;
        case 3: mmaF16(facc, fa, fb); break;
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
        default: mmaE4m3(facc, fa, fb); break;
#endif
    }
    for (int i = 0; i < 4; i++) {
        d[4 * threadIdx.x + i] = kind < 2 ? static_cast<u32>(acc[i]) : __float_as_uint(facc[i]);
    }
}

/// 32 x 16 bytes of `x` through cp.async and ldmatrix into the registers of one warp; `wait` 0 leaves the wait out.
extern "C" __global__ void qr_probe_matrices(const u32* x, u32* registers, int transposed, int wait) {
    QR_DYNAMIC_SHARED(tile);
    copyAsync16(tile + 16 * threadIdx.x, x + 4 * threadIdx.x);
    commitCopies();
    if (wait) {
        waitCopies<0>();
    }
    __syncwarp();
    u32 r[4];
    if (transposed) {
        loadMatrix4Transposed(r, tile + 16 * threadIdx.x);
    } else {
        loadMatrix4(r, tile + 16 * threadIdx.x);
    }
    for (int i = 0; i < 4; i++) {
        registers[4 * threadIdx.x + i] = r[i];
    }
}

/// Rounds floats to bf16, fp8 and back: three words of each.
extern "C" __global__ void qr_probe_round(const float* x, u32* rounded, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        rounded[2 * i] = packBf16(x[i], -x[i]);
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
        rounded[2 * i + 1] = packE4m3(x[i], -x[i]);
#endif
    }
}

// ---- mistakes ---------------------------------------------------------------------------------------------------------------

/// `kind` 0 writes behind `x`, 1 reads before it, 2 reads a null pointer, 3 writes one element behind (inside the rounding).
extern "C" __global__ void qr_probe_bounds(float* x, const float* none, int n, int kind) {
    if (kind == 0) {
        x[n + threadIdx.x + 64] = 1;
    } else if (kind == 1) {
        x[0] = x[-2000];
    } else if (kind == 2) {
        x[0] = none[threadIdx.x];
    } else {
        x[n] = 1;
    }
}

extern "C" __global__ void qr_probe_misaligned(float* x) {
    *reinterpret_cast<float4*>(x + 1) = make_float4(1, 2, 3, 4);
}

/// `kind` 0: two barriers in two branches; 1: half of a warp in a shuffle; 2: a barrier that half of the block never reaches.
extern "C" __global__ void qr_probe_diverged(float* x, int kind) {
    int half = threadIdx.x & 1;
    if (kind == 0) {
        if (half) {
            __syncthreads();
        } else {
            __syncthreads();
        }
    } else if (kind == 1) {
        if (half) {
            x[threadIdx.x] = __shfl_xor_sync(0xffffffffu, x[threadIdx.x], 1);
        }
    } else if (threadIdx.x < 32) {
        barrierSync(1, 64);
    }
}

/// Copies dynamic shared memory that nobody wrote.
extern "C" __global__ void qr_probe_unwritten(float* x) {
    QR_DYNAMIC_SHARED(memory);
    x[threadIdx.x] = reinterpret_cast<float*>(memory)[threadIdx.x];
}

/// Writes dynamic shared memory `past` floats behind the first.
extern "C" __global__ void qr_probe_shared_bounds(float* x, int past) {
    QR_DYNAMIC_SHARED(memory);
    reinterpret_cast<float*>(memory)[past] = x[0];
}
