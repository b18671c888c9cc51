/// Loops over raw memory, each family twice: a scalar class that is the specification and a vector class that is fast.
///
/// Callers take the family from its sealed interface ([ConversionKernels#best], [ReductionKernels#best]); whether the
/// Vector API can be used is decided once, by [VectorSupport]. A new family is one interface and its two classes. This
/// is the only package that imports `jdk.incubator.vector`. Segments hold little-endian values without alignment.
@NullMarked
package dev.quantreel.engines.internal.kernel;

import org.jspecify.annotations.NullMarked;
