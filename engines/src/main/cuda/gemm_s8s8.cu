// y = x W^T with s8 tokens [M, K] and packed s8 weights, by mma.sync.m16n8k32.s8; s32 sums are exact.
#include "gemm_kernels.cuh"

extern "C" __global__ void __launch_bounds__(128, 1) qr_gemm_s8s8(const char* tokens, QR_GEMM_PARAMETERS) {
    QR_DYNAMIC_SHARED(shared);
    qr::gemm<qr::LargeShape<8, 8>>(QR_GEMM_OPERANDS, QR_GEMM_TERMS, reinterpret_cast<char*>(shared));
}

extern "C" __global__ void __launch_bounds__(128, 1) qr_gemm_s8s8_narrow(const char* tokens, QR_GEMM_PARAMETERS) {
    QR_DYNAMIC_SHARED(shared);
    qr::gemm<qr::NarrowShape<8, 8>>(QR_GEMM_OPERANDS, QR_GEMM_TERMS, reinterpret_cast<char*>(shared));
}

extern "C" __global__ void __launch_bounds__(128, 1) qr_gemm_s8s8_scaled(const char* tokens, QR_GEMM_PARAMETERS) {
    QR_DYNAMIC_SHARED(shared);
    qr::gemm<qr::ScaledShape<8, 8>>(QR_GEMM_OPERANDS, QR_GEMM_TERMS, reinterpret_cast<char*>(shared));
}
