/// What is claimed of NVIDIA GPUs, measured on one: items with a process and a time limit each, and the bundle that
/// takes them to a machine without network or JDK.
/// Read [GpuCheckItem], then [GpuCheck] and, of the bundle, [CheckBundle].
@NullMarked
package dev.quantreel.engines.gpucheck;

import org.jspecify.annotations.NullMarked;
