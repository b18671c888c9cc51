/// Nodes that open checkpoints. They only look at a file and check it; weights are read when they are used.
@NullMarked
package dev.quantreel.nodes.loading;

import org.jspecify.annotations.NullMarked;
