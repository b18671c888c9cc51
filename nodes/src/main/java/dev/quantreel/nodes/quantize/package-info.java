/// Nodes that refine the plan of a model: weights, activations, bit schedules, engine. They cost nothing; the plan is
/// carried out when the model is first used.
@NullMarked
package dev.quantreel.nodes.quantize;

import org.jspecify.annotations.NullMarked;
