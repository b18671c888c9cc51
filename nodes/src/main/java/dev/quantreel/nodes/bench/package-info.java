/// What `quantreel bench` offers.
@NullMarked
package dev.quantreel.nodes.bench;

import org.jspecify.annotations.NullMarked;
