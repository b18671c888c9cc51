package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.distillation.ErrorEstimation;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.sampling.PaddedText;
import dev.quantreel.nodes.sampling.SamplerChoice;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.util.List;

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

    /// The videos that the model makes to be watched.
    ///
    /// @param count each from other noise
    /// @throws NodeInputException when guidance has nothing to lead away from
    static Trajectories trajectories(DiffusionModel model, Scene scene, int count, NodeContext context)
            throws Exception {
        PaddedText text = new PaddedText(model.facts(), context);
        Scene.Sampler sampler = scene.sampler();
        BranchConditioning positive = text.of("positive", scene.positive());
        BranchConditioning negative = sampler.cfg() == 1
                ? positive
                : text.of(
                        "negative",
                        scene.negative()
                                .orElseThrow(() -> new NodeInputException(
                                        "negative",
                                        "is not connected while cfg is " + sampler.cfg()
                                                + "; connect Encode Prompt with an empty text, or set cfg to 1")));
        return new Trajectories(
                List.of(new Trajectories.Prompt(positive, negative)),
                new SamplerChoice(model.facts()).own(sampler.steps(), sampler.cfg(), sampler.shift(), scene.latent()),
                scene.latent().samples().shape(),
                count,
                scene.seed());
    }
}
