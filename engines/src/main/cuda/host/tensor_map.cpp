// cuTensorMapEncodeTiled of the simulated driver, for matrices of bytes.
#include "tensor_map.hpp"

#include "driver.hpp"
#include "memory.hpp"

using namespace sim;

QR_EXPORT Result cuTensorMapEncodeTiled(void* map, int type, unsigned rank, const void* data, const uint64_t* size,
                                        const uint64_t* pitch, const uint32_t* box, const uint32_t* stride, int interleave,
                                        int swizzle, int, int) {
    QR_LOCKED;
    if (type != 0 || rank != 2 || interleave != 0 || (swizzle != 0 && swizzle != 3) || stride[0] != 1 || stride[1] != 1) {
        return refuse(InvalidValue, "cuTensorMapEncodeTiled: the simulator knows matrices of bytes alone");
    }
    bool aligned = reinterpret_cast<uintptr_t>(map) % 64 == 0 && reinterpret_cast<uintptr_t>(data) % 16 == 0 && pitch[0] % 16 == 0;
    if (!aligned || box[0] == 0 || box[0] > 256 || box[0] % 16 || box[1] == 0 || box[1] > 256 || (swizzle == 3 && box[0] > 128)) {
        return refuse(InvalidValue, "cuTensorMapEncodeTiled: an address, pitch or box that the hardware refuses");
    }
    std::memset(map, 0, 128);
    TensorMatrix matrix{TensorMatrix::kMark, static_cast<const char*>(data), size[0], size[1], pitch[0], box[0], box[1],
                        static_cast<uint32_t>(swizzle)};
    std::memcpy(map, &matrix, sizeof matrix);
    return Success;
}
