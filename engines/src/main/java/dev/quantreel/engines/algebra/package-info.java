/// Dense linear algebra in F32, as far as quantization needs it: products, the triangular factor of a Gram matrix, the
/// largest singular values. Results do not depend on the number of threads.
@NullMarked
package dev.quantreel.engines.algebra;

import org.jspecify.annotations.NullMarked;
