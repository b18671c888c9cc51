/// TensorRT: engines built in a process of their own, kept in a cache, and run with CUDA graphs.
///
/// Read [TensorRtEngineProvider] (is it there?), [TensorRtEngine] (how a graph becomes an engine), [EngineBuilder] and
/// [BuilderMain] (the building process), [EngineCache], [TensorRtSession] (one run), [EnginePlanner] (what to expect).
/// [JavaCppTensorRt] and what it is made of are the only classes that touch `org.bytedeco`; everything else sees
/// [TensorRtBindings]. What is known of TensorRT and what is unproven: docs/tensorrt.md.
@NullMarked
package dev.quantreel.engines.runtime.tensorrt;

import org.jspecify.annotations.NullMarked;
