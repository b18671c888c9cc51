/// Nodes that explain what quantization did: tables, plots and JSON.
@NullMarked
package dev.quantreel.nodes.report;

import org.jspecify.annotations.NullMarked;
