package dev.quantreel.nodes.report;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BitAllocation;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.LayerSensitivity;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Fingerprint;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Measures what each part of a model suffers at each number of bits. Every figure is kept when it is there, so that a
/// stopped measurement goes on, and other means and units cost what is new of them.
final class SensitivityRun {

    private final DiffusionModel model;
    private final QuantizationPlan plan;
    private final Question question;
    private final List<Yardstick> scenes;
    private final KeptResults<Noise> results;
    private final NodeContext context;

    /// @param scenes what the model generates meanwhile
    /// @param choices numbers of bits
    /// @param unit what is quantized alone
    /// @param measure where noise is looked for
    record Question(List<Scene> scenes, List<Integer> choices, LayerUnit unit, AllocateBits.Measure measure) {
        Question {
            scenes = List.copyOf(scenes);
            choices = List.copyOf(choices);
        }
    }

    /// Noise over signal at numbers of bits, as it is kept.
    private record Noise(SortedMap<Integer, Double> byBits) {
        Noise {
            byBits = new TreeMap<>(byBits);
        }
    }

    /// What was found.
    ///
    /// @param units as layers: name, weights and noise of each
    /// @param members the layers of each unit
    /// @param layers every layer by itself, with the noise of its own output
    record Measured(
            List<BitAllocation.Layer> units,
            SequencedMap<String, List<String>> members,
            List<BitAllocation.Layer> layers) {}

    private SensitivityRun(DiffusionModel model, Question question, KeptResults<Noise> results, NodeContext context) {
        this.model = model;
        this.plan = model.plan().orElseThrow();
        this.question = question;
        this.results = results;
        this.context = context;
        Candidate reference = Candidate.fullPrecision(model);
        this.scenes = question.scenes().stream()
                .map(scene -> new Yardstick(scene, reference, Optional.empty(), context))
                .toList();
    }

    /// @param model with weights to quantize
    /// @param kept file of the figures
    /// @throws IOException when the file exists and cannot be read
    static SensitivityRun of(DiffusionModel model, Question question, Path kept, NodeContext context)
            throws IOException {
        return new SensitivityRun(model, question, KeptResults.open(kept, Noise.class), context);
    }

    /// Measures what is not known yet.
    ///
    /// @throws java.util.concurrent.CancellationException when interrupted; what was measured is kept
    /// @throws Exception as Sample Video
    Measured measured() throws Exception {
        TransformerCheckpoint checkpoint = ModelAssembly.weights(
                        Candidate.fullPrecision(model).model(), context)
                .checkpoint();
        List<String> names = plan.layers().select(checkpoint.blockLinears());
        if (names.isEmpty()) {
            throw new NodeInputException(
                    "model", "keeps all layers in full precision; accepted is one that quantizes at least one layer");
        }
        List<BitAllocation.Layer> layers = layers(names, checkpoint);
        SequencedMap<String, List<String>> members = question.unit().of(names);
        List<BitAllocation.Layer> units = members.entrySet().stream()
                .map(unit -> together(unit.getKey(), unit.getValue(), layers))
                .toList();
        return new Measured(
                switch (question.measure()) {
                    case LAYER -> units;
                    case MODEL -> ofModel(units, members);
                },
                members,
                layers);
    }

    private static BitAllocation.Layer together(String name, List<String> members, List<BitAllocation.Layer> layers) {
        long weights = 0;
        SortedMap<Integer, Double> noise = new TreeMap<>();
        for (BitAllocation.Layer layer : layers) {
            if (members.contains(layer.name())) {
                weights += layer.weights();
                layer.noise().forEach((bits, own) -> noise.merge(bits, own, Double::sum));
            }
        }
        return new BitAllocation.Layer(name, weights, noise);
    }

    /// The noise of each layer's own output.
    private List<BitAllocation.Layer> layers(List<String> names, TransformerCheckpoint checkpoint) throws Exception {
        Fingerprint whole = new Fingerprint().add("layers").add(question.choices());
        scenes.forEach(scene -> whole.add(scene.key(Candidate.of("", model))));
        String key = whole.hex();
        List<String> missing = names.stream()
                .filter(name -> results.find(key + ":" + name).isEmpty())
                .toList();
        if (!missing.isEmpty()) {
            LayerInputs recorded = LayerInputs.recorded(recording(), new LinkedHashSet<>(missing), context);
            LayerSensitivity sensitivity = new LayerSensitivity(
                    ModelAssembly.source(model, checkpoint, plan, context),
                    plan,
                    question.choices(),
                    context.cancellation());
            int done = 0;
            for (String name : context.track(missing)) {
                context.status("measuring " + name + " " + ++done + "/" + missing.size());
                results.add(key + ":" + name, name, new Noise(sensitivity.of(name, recorded.of(name))));
            }
        }
        List<BitAllocation.Layer> layers = new ArrayList<>();
        for (String name : names) {
            Noise noise = results.find(key + ":" + name).orElseThrow();
            layers.add(new BitAllocation.Layer(
                    name, checkpoint.shape(name + ".weight").elements(), noise.byBits()));
        }
        return layers;
    }

    private LayerInputs.Run recording() {
        Scene first = question.scenes().getFirst();
        return new LayerInputs.Run(
                model,
                question.scenes().stream()
                        .map(scene -> new LayerInputs.Video(scene.positive(), scene.seed()))
                        .toList(),
                Optional.of(first.latent()),
                first.sampler().steps());
    }

    /// The model runs with the fewest bits only: noise is small, so that at other bits it changes in the model's output
    /// as it does in the layers'.
    private List<BitAllocation.Layer> ofModel(
            List<BitAllocation.Layer> units, SequencedMap<String, List<String>> members) throws Exception {
        int fewest = units.getFirst().noise().firstKey();
        List<Candidate> alone = members.entrySet().stream()
                .map(unit -> Candidate.of(unit.getKey(), alone(unit.getValue(), fewest)))
                .toList();
        int portion = CardRun.together(question.scenes().getFirst());
        for (int from = 0; from < scenes.size(); from += portion) {
            measure(scenes.subList(from, Math.min(from + portion, scenes.size())), alone);
        }
        List<BitAllocation.Layer> measured = new ArrayList<>();
        for (int i = 0; i < units.size(); i++) {
            Candidate candidate = alone.get(i);
            double ofModel = scenes.stream()
                    .mapToDouble(scene -> results.find(key(scene, candidate))
                            .orElseThrow()
                            .byBits()
                            .getOrDefault(fewest, Double.NaN))
                    .average()
                    .orElseThrow();
            BitAllocation.Layer unit = units.get(i);
            double ofOutput = unit.noise().getOrDefault(fewest, 0.0);
            SortedMap<Integer, Double> noise = new TreeMap<>(unit.noise());
            noise.replaceAll((bits, own) -> ofOutput == 0 ? 0 : own * ofModel / ofOutput);
            measured.add(new BitAllocation.Layer(unit.name(), unit.weights(), noise));
        }
        return measured;
    }

    /// Every unit on scenes whose references are kept at once: each model is opened once for all of them.
    private void measure(List<Yardstick> together, List<Candidate> alone) throws Exception {
        List<Yardstick> open = together.stream()
                .filter(scene -> alone.stream()
                        .anyMatch(unit -> results.find(key(scene, unit)).isEmpty()))
                .toList();
        for (Yardstick scene : open) {
            scene.prepare(SamplingListener.NONE);
        }
        if (!open.isEmpty()) {
            open.getFirst().releaseReference();
        }
        int done = 0;
        for (Candidate unit : context.track(alone)) {
            context.status("measuring " + unit.name() + " " + ++done + "/" + alone.size());
            List<Yardstick> missing = open.stream()
                    .filter(scene -> results.find(key(scene, unit)).isEmpty())
                    .toList();
            for (Yardstick scene : missing) {
                results.add(key(scene, unit), unit.name(), noise(scene.teacherForced(unit)));
            }
            if (!missing.isEmpty()) {
                missing.getFirst().release(unit, Optional.empty());
            }
        }
        together.forEach(Yardstick::forget);
    }

    private static String key(Yardstick scene, Candidate unit) {
        return "noise:" + scene.key(unit);
    }

    private Noise noise(List<Double> errors) {
        double squares =
                errors.stream().mapToDouble(error -> error * error).average().orElseThrow();
        return new Noise(new TreeMap<>(Map.of(Collections.min(question.choices()), squares)));
    }

    /// The model with the weights of some layers quantized and nothing else.
    private DiffusionModel alone(List<String> members, int bits) {
        String names = members.stream().map(name -> name.replace(".", "[.]")).collect(Collectors.joining("|"));
        InputPlan inputs =
                plan.input().withFusedValues(false).with(plan.rotation(), new ActivationQuantizer.FullPrecision());
        return model.with(new DiffusionModel.Weights(
                        plan.weight().withBits(bits), new LayerRule("^(?!(?:" + names + ")$)")))
                .with(new DiffusionModel.Activations(inputs, model.activationBits()));
    }
}
