// y = x W^T with s4 tokens [M, K / 2] and packed s4 weights, by mma.sync.m16n8k64.s4; s32 sums are exact.
// Chips from sm_90 on have no such instruction (the compiler puts some 200 in its place): there the kernels do not exist.
#include "gemm_kernels.cuh"

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ < 900

extern "C" __global__ void __launch_bounds__(128, 1) qr_gemm_s4s4(const char* tokens, QR_GEMM_PARAMETERS) {
    QR_DYNAMIC_SHARED(shared);
    qr::gemm<qr::LargeShape<4, 4>>(QR_GEMM_OPERANDS, QR_GEMM_TERMS, reinterpret_cast<char*>(shared));
}

extern "C" __global__ void __launch_bounds__(128, 1) qr_gemm_s4s4_narrow(const char* tokens, QR_GEMM_PARAMETERS) {
    QR_DYNAMIC_SHARED(shared);
    qr::gemm<qr::NarrowShape<4, 4>>(QR_GEMM_OPERANDS, QR_GEMM_TERMS, reinterpret_cast<char*>(shared));
}

extern "C" __global__ void __launch_bounds__(128, 1) qr_gemm_s4s4_scaled(const char* tokens, QR_GEMM_PARAMETERS) {
    QR_DYNAMIC_SHARED(shared);
    qr::gemm<qr::ScaledShape<4, 4>>(QR_GEMM_OPERANDS, QR_GEMM_TERMS, reinterpret_cast<char*>(shared));
}

#endif
