/* Libraries of NVIDIA's that know nothing but their version, for tests of detection. Each is compiled with the one of
 * -DRUNTIME, -DCUBLAS, -DCUDNN, -DNVRTC, -DTENSORRT, -DPARSER, -DNVML that it is, as the number that it returns. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifdef RUNTIME
int cudaRuntimeGetVersion(int *version) { *version = RUNTIME; return 0; }
#endif
#ifdef CUBLAS
int cublasGetProperty(int part, int *value) { *value = part == 0 ? CUBLAS : part; return 0; }
#endif
#ifdef CUDNN
size_t cudnnGetVersion(void) { return CUDNN; }
size_t cudnnGetCudartVersion(void) { return CUDNN_CUDA; }
#endif
#ifdef NVRTC
int nvrtcVersion(int *major, int *minor) { *major = NVRTC; *minor = 1; return 0; }
#endif
#ifdef TENSORRT
int getInferLibVersion(void) { return TENSORRT; }
#endif
#ifdef PARSER
int getNvOnnxParserVersion(void) {
#ifdef PANIC
    abort();
#endif
    return PARSER;
}
#endif
#ifdef NVML
int nvmlInit_v2(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned bytes) { strncpy(text, "580.65.06", bytes); return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    *device = (void *)7;
    return strcmp(uuid, "GPU-46566676-8696-a6b6-c6d6-e6f606162636") ? 6 : 0;
}
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *memory) {
    static int asked;
    memory[0] = 64ull << 20; memory[2] = ++asked * (1ull << 20); memory[1] = memory[0] - memory[2];
    return device == (void *)7 ? 0 : 2;
}
const char *nvmlErrorString(int code) { return code == 6 ? "Not Found" : "Invalid Argument"; }
#endif
