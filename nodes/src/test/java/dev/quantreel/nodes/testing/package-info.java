/// What tests of nodes and of the executor share: a context without a server, and small nodes that echo, wait and fail.
@NullMarked
package dev.quantreel.nodes.testing;

import org.jspecify.annotations.NullMarked;
