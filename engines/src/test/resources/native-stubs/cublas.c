/* The part of cuBLAS that the benchmark of products calls, on host memory: column-major products of bf16 and s8. */
#include <stdint.h>
#include <string.h>

int cublasCreate_v2(void **handle) {
    *handle = (void *)42;
    return 0;
}

int cublasDestroy_v2(void *handle) {
    return handle == (void *)42 ? 0 : 1;
}

int cublasSetStream_v2(void *handle, void *stream) {
    return handle == (void *)42 ? 0 : 1;
}

static double element(const void *data, int type, long at) {
    if (type == 3) {
        return ((const int8_t *)data)[at];
    }
    uint32_t bits = (uint32_t)((const uint16_t *)data)[at] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

int cublasGemmEx(void *handle, int transa, int transb, int m, int n, int k, const void *alpha, const void *a, int atype, int lda,
                 const void *b, int btype, int ldb, const void *beta, void *c, int ctype, int ldc, int compute, int algorithm) {
    int integers = atype == 3 && btype == 3 && ctype == 10 && compute == 72 && *(const int *)alpha == 1;
    int floats = atype == 14 && btype == 14 && ctype == 14 && compute == 68 && *(const float *)alpha == 1;
    if (handle != (void *)42 || !(integers || floats) || *(const int *)beta != 0 || algorithm != -1) {
        return 7; /* CUBLAS_STATUS_INVALID_VALUE */
    }
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++) {
                double left = element(a, atype, transa ? (long)i * lda + l : (long)l * lda + i);
                double right = element(b, btype, transb ? (long)l * ldb + j : (long)j * ldb + l);
                sum += left * right;
            }
            long at = (long)j * ldc + i;
            if (integers) {
                ((int32_t *)c)[at] = (int32_t)sum;
            } else {
                float value = (float)sum;
                uint32_t bits;
                memcpy(&bits, &value, 4);
                ((uint16_t *)c)[at] = (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
            }
        }
    }
    return 0;
}
