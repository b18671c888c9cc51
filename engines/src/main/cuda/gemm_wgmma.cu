// y = x W^T with s8 tokens and packed s4 or s8 weights by wgmma.m64n256k32.s8, for sm_90a alone; s32 sums are exact.
#include "gemm_kernels.cuh"
#include "gemm_wgmma.cuh"

#if defined(QR_SIM) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

extern "C" __global__ void __launch_bounds__(384, 1)
    qr_gemm_wgmma_s8s4(const __grid_constant__ qr::TensorMap tokens_map, QR_GEMM_PARAMETERS) {
    QR_DYNAMIC_SHARED(shared);
    const char* tokens = nullptr;
    qr::gemmWgmma<4>(&tokens_map, QR_GEMM_OPERANDS, QR_GEMM_TERMS, shared);
}

extern "C" __global__ void __launch_bounds__(384, 1)
    qr_gemm_wgmma_s8s8(const __grid_constant__ qr::TensorMap tokens_map, QR_GEMM_PARAMETERS) {
    QR_DYNAMIC_SHARED(shared);
    const char* tokens = nullptr;
    qr::gemmWgmma<8>(&tokens_map, QR_GEMM_OPERANDS, QR_GEMM_TERMS, shared);
}

#endif
