/// What travels along links: small immutable values with ComfyUI's socket names where they exist.
@NullMarked
package dev.quantreel.nodes.values;

import org.jspecify.annotations.NullMarked;
