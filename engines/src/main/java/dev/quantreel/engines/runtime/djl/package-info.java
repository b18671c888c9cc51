/// ONNX Runtime through Deep Java Library: on NVIDIA GPUs (`ort-gpu`), by CUDA or TensorRT, and the same engine on the
/// processor (`ort-djl-cpu`), on which it is tested where there is no GPU.
/// Read [OrtGpuProvider], then [DjlEngine] and [DjlTarget]; why what is done beneath Deep Java Library is
/// docs/adr/0044-onnx-runtime-gpu-through-djl.md.
@NullMarked
package dev.quantreel.engines.runtime.djl;

import org.jspecify.annotations.NullMarked;
