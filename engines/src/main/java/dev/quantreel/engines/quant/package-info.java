/// Quantization of linears: weights offline, activations on line.
///
/// Read [QuantizationPlan], what is asked for; [WeightQuantizer] and [QuantizedMatrix], the weights;
/// [ActivationQuantizer], the activations; [ReferenceLinear], the integer arithmetic in plain Java, which every engine
/// must reproduce; [QuantizedWeights], a plan carried out.
@NullMarked
package dev.quantreel.engines.quant;

import org.jspecify.annotations.NullMarked;
