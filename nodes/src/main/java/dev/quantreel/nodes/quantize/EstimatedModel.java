package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.distillation.ErrorEstimation;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;

/// A model whose quantization error is to be estimated.
///
/// @param plain without any earlier estimate
/// @param target the same, carried out
record EstimatedModel(DiffusionModel plain, ErrorEstimation.Target target) {

    /// @throws NodeInputException when it is in full precision
    static EstimatedModel of(DiffusionModel model, NodeContext context) throws Exception {
        DiffusionModel plain = model.with(model.file().withoutEstimate());
        ModelAssembly.Weights weights = ModelAssembly.weights(plain, context);
        QuantizedWeights quantized = weights.quantized()
                .orElseThrow(() -> new NodeInputException(
                        "model",
                        "is in full precision; accepted is a model behind BGR Quantize, MinMax Quantize or"
                                + " ARQ Activation"));
        return new EstimatedModel(
                plain,
                new ErrorEstimation.Target(
                        plain.execution().engine().open(context),
                        weights.checkpoint(),
                        quantized,
                        weights.lease().branches(),
                        plain.activationBits()));
    }
}
