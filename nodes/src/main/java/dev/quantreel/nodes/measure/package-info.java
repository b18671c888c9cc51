/// Measures ways to run a model against the same generation in full precision; shared by the nodes that report.
@NullMarked
package dev.quantreel.nodes.measure;

import org.jspecify.annotations.NullMarked;
