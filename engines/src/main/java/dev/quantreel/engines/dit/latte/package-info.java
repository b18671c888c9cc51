/// Latte-1 (Ma et al. 2024, arXiv 2401.03048): spatial and temporal blocks by turns, diffusers' layout. Read
/// [LatteFamily] for what is recognised, [LatteTransformer] for its inputs, then [LatteGraphBuilder].
@NullMarked
package dev.quantreel.engines.dit.latte;

import org.jspecify.annotations.NullMarked;
