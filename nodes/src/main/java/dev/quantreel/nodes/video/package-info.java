/// Nodes that decode, save, show and compare clips.
@NullMarked
package dev.quantreel.nodes.video;

import org.jspecify.annotations.NullMarked;
