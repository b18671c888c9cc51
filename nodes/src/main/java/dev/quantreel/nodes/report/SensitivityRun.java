package dev.quantreel.nodes.report;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BitAllocation;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.LayerSensitivity;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/// Measures what each layer of a model suffers at each number of bits.
///
/// @param choices numbers of bits
record SensitivityRun(AllocateBits.Inputs in, List<Integer> choices, NodeContext context) {

    private static final double UNGUIDED = 1;
    private static final double RECOMMENDED = 0;

    /// The noise of one layer at each choice.
    private interface Noise {
        SortedMap<Integer, Double> of(String layer) throws Exception;
    }

    private record Kept(List<BitAllocation.Layer> layers) implements AutoCloseable {
        @Override
        public void close() {
            // nothing but numbers
        }
    }

    /// The layers that the plan quantizes, in the order of the model; measured once for all means.
    List<BitAllocation.Layer> layers() throws Exception {
        String key =
                "sensitivity:" + yardstick().key(Candidate.of("", in.model())) + ":" + in.measure() + ":" + choices;
        return context.resources()
                .get(key, Kept.class, () -> new Kept(measured()))
                .layers();
    }

    private List<BitAllocation.Layer> measured() throws Exception {
        QuantizationPlan plan = in.model().plan().orElseThrow();
        TransformerCheckpoint checkpoint = ModelAssembly.weights(
                        Candidate.fullPrecision(in.model()).model(), context)
                .checkpoint();
        List<String> names = plan.layers().select(checkpoint.blockLinears());
        if (names.isEmpty()) {
            throw new NodeInputException(
                    "model", "keeps all layers in full precision; accepted is one that quantizes at least one layer");
        }
        Noise ofLayer = ofLayers(plan, checkpoint, names);
        Noise noise =
                switch (in.measure()) {
                    case LAYER -> ofLayer;
                    case MODEL -> ofModel(plan, ofLayer);
                };
        List<BitAllocation.Layer> layers = new ArrayList<>();
        for (String name : context.track(names)) {
            context.status("measuring " + name + " " + (layers.size() + 1) + "/" + names.size());
            layers.add(new BitAllocation.Layer(
                    name, checkpoint.shape(name + ".weight").elements(), noise.of(name)));
        }
        return layers;
    }

    private Noise ofLayers(QuantizationPlan plan, TransformerCheckpoint checkpoint, List<String> names)
            throws Exception {
        LayerInputs recorded = LayerInputs.recorded(
                new LayerInputs.Run(in.model(), in.positive(), Optional.of(in.latent()), in.steps(), in.seed()),
                new LinkedHashSet<>(names),
                context);
        QuantizedWeights.Source source = ModelAssembly.source(in.model(), checkpoint, plan, context);
        LayerSensitivity sensitivity = new LayerSensitivity(source, plan, choices, context.cancellation());
        return layer -> sensitivity.of(layer, recorded.of(layer));
    }

    /// The model runs with the fewest bits only: noise is small, so that at other bits it changes in the model's output
    /// as it does in the layer's.
    private Noise ofModel(QuantizationPlan plan, Noise ofLayer) throws Exception {
        Yardstick yardstick = yardstick();
        yardstick.prepare(SamplingListener.NONE);
        yardstick.releaseReference();
        InputPlan inputs =
                plan.input().withFusedValues(false).with(plan.rotation(), new ActivationQuantizer.FullPrecision());
        return layer -> {
            SortedMap<Integer, Double> noise = ofLayer.of(layer);
            Candidate alone = Candidate.of(layer, alone(layer, noise.firstKey(), plan, inputs));
            double ofModel = yardstick.teacherForced(alone).stream()
                    .mapToDouble(error -> error * error)
                    .average()
                    .orElseThrow();
            yardstick.release(alone, Optional.empty());
            double ofOutput = noise.getOrDefault(noise.firstKey(), 0.0);
            noise.replaceAll((bits, own) -> ofOutput == 0 ? 0 : own * ofModel / ofOutput);
            return noise;
        };
    }

    private Yardstick yardstick() {
        Scene scene = new Scene(
                in.positive(),
                Optional.empty(),
                in.latent(),
                in.seed(),
                new Scene.Sampler(in.steps(), UNGUIDED, RECOMMENDED, "auto", "auto"));
        return new Yardstick(scene, Candidate.fullPrecision(in.model()), Optional.empty(), context);
    }

    /// The model with one layer's weights quantized and nothing else.
    private DiffusionModel alone(String layer, int bits, QuantizationPlan plan, InputPlan inputs) {
        LayerRule rule = new LayerRule("^(?!" + layer.replace(".", "[.]") + "$)");
        return in.model()
                .with(new DiffusionModel.Weights(plan.weight().withBits(bits), rule))
                .with(new DiffusionModel.Activations(inputs, in.model().activationBits()));
    }
}
