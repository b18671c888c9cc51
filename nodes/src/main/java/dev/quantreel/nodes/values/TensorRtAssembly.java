package dev.quantreel.nodes.values;

import dev.quantreel.engines.artifact.Artifact;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.PreparedGraphs;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.export.ClipRange;
import dev.quantreel.engines.export.ComputePrecision;
import dev.quantreel.engines.export.ExportFiles;
import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.export.ExportSettings;
import dev.quantreel.engines.export.ExportSource;
import dev.quantreel.engines.export.LaidOut;
import dev.quantreel.engines.export.OnnxExport;
import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.ProfileShapes;
import dev.quantreel.engines.export.lint.LintReport;
import dev.quantreel.engines.export.lint.TensorRtLint;
import dev.quantreel.engines.export.lint.TensorRtTarget;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage;
import dev.quantreel.engines.runtime.tensorrt.CachedEngine;
import dev.quantreel.engines.runtime.tensorrt.TensorRtEngine;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/// Transformers on TensorRT: graphs of the export, typed and with the shapes that they are for.
///
/// @param model on an engine of TensorRT
/// @param weights its plan carried out
/// @param blocks whether both branches of guidance run in one pass
public record TensorRtAssembly(DiffusionModel model, ModelAssembly.Weights weights, Blocks blocks) {

    private static final String PORT = "model";

    /// Graphs of one form.
    private record Form(OnnxExport.Result result, TensorRtEngine engine) {

        SplitGraphs graphs() {
            Map<String, OnnxModel> graphs = result.graphs();
            return new SplitGraphs(
                    Optional.ofNullable(graphs.get("text")),
                    Objects.requireNonNull(graphs.get("prelude")),
                    Objects.requireNonNull(graphs.get("trunk")),
                    Objects.requireNonNull(graphs.get("head")));
        }

        Optional<OnnxModel> trunkOfBoth() {
            return Optional.ofNullable(result.graphs().get(OnnxExport.TRUNK_OF_BOTH));
        }

        /// The graphs whose engines are needed.
        ///
        /// @param blocksOnly whether prelude and head are another form's
        SequencedMap<String, OnnxModel> needed(boolean blocksOnly) {
            SequencedMap<String, OnnxModel> needed = new LinkedHashMap<>(result.graphs());
            if (blocksOnly) {
                needed.remove("prelude");
                needed.remove("head");
            }
            return needed;
        }
    }

    /// Opens the model. Engines that are not in the cache are built when they are first run.
    ///
    /// @throws NodeInputException when the model has no such form
    public DiffusionTransformer open(TensorRtEngine engine, NodeContext context) {
        TensorRtRecipe recipe = recipe();
        Form high = form(recipe.high(), recipe, engine, context);
        Optional<PreparedGraphs.FewBits> low = recipe.low().map(form -> {
            Form few = form(form, recipe, engine, context);
            return new PreparedGraphs.FewBits(TensorRtRecipe.LOW_BITS, few.engine, few.graphs(), few.trunkOfBoth());
        });
        return DiffusionTransformer.prepared(
                weights.checkpoint(),
                new PreparedGraphs(high.engine, high.graphs(), high.trunkOfBoth(), low),
                high.result.linears());
    }

    /// Builds all engines that are not in the cache, one after the other, with progress.
    ///
    /// @return what is in the cache now
    /// @throws NodeInputException when the model has no such form, or the recipe names no clips
    public List<CachedEngine> build(TensorRtEngine engine, NodeContext context) {
        TensorRtRecipe recipe = recipe();
        List<ExportForm> forms = new ArrayList<>(List.of(recipe.high()));
        recipe.low().ifPresent(forms::add);
        List<CachedEngine> built = new ArrayList<>();
        for (ExportForm name : forms) {
            Form form = form(name, recipe, engine, context);
            form.needed(built.size() > 0).forEach((part, graph) -> {
                context.status("building " + part + ", " + TensorRtRecipe.label(name, model));
                built.add(form.engine.prepare(graph, message -> tell(part, message, context), context.cancellation()));
            });
        }
        return built;
    }

    private static void tell(String part, BuildMessage message, NodeContext context) {
        if (message instanceof BuildMessage.Progress(String phase, int done, int total)) {
            context.status(part + ": " + phase + " (" + done + "/" + total + ")");
        }
    }

    private TensorRtRecipe recipe() {
        try {
            return TensorRtRecipe.of(model);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException(PORT, "has an engine that cannot be built: " + e.getMessage(), e);
        }
    }

    private Form form(ExportForm form, TensorRtRecipe recipe, TensorRtEngine engine, NodeContext context) {
        engine.obstacle(TensorRtRecipe.kind(form, model)).ifPresent(reason -> {
            throw new NodeInputException(PORT, "has no engine as it was asked for: " + reason);
        });
        try {
            context.status("laying out weights as " + TensorRtRecipe.label(form, model));
            ExportSource source = new ExportSource(
                    weights.checkpoint(),
                    weights.quantized(),
                    weights.lease().branches(),
                    Artifact.of(weights.lease().file().stored()).isEmpty());
            OnnxExport.Result result = new OnnxExport(
                            source,
                            ExportSettings.of(form, ComputePrecision.BF16)
                                    .withBothBranches(blocks == Blocks.BOTH_BRANCHES),
                            tensor -> LaidOut.inFile(tensor, context.folders().cache()),
                            context.cancellation())
                    .build();
            Map<String, OptimizationProfile> profiles = profiles(recipe, result);
            result.graphs().values().forEach(graph -> requireAccepted(graph, profiles));
            return new Form(
                    result,
                    engine.with(
                            TensorRtRecipe.label(form, model),
                            graph -> Optional.ofNullable(profiles.get(graph.name()))));
        } catch (IllegalArgumentException e) {
            throw new NodeInputException(PORT, "has no engine as it was asked for: " + e.getMessage(), e);
        }
    }

    private Map<String, OptimizationProfile> profiles(TensorRtRecipe recipe, OnnxExport.Result result) {
        Map<String, OptimizationProfile> profiles = new HashMap<>();
        if (!recipe.clips().isBlank()) {
            ClipRange range = ClipRange.parse(
                    recipe.clips(), recipe.text(), weights.checkpoint().facts());
            ProfileShapes.of(weights.checkpoint(), result.graphs(), range)
                    .values()
                    .forEach(profile -> profiles.put(profile.model(), profile));
        }
        return profiles;
    }

    /// What TensorRT's parser would refuse is told before a build is begun.
    private static void requireAccepted(OnnxModel graph, Map<String, OptimizationProfile> profiles) {
        LintReport report = TensorRtLint.check(
                graph,
                TensorRtTarget.TENSORRT_10_15,
                Optional.ofNullable(profiles.get(graph.name())).map(ExportFiles::ranges));
        if (!report.isGreen()) {
            throw new IllegalArgumentException(String.join("\n", report.lines()));
        }
    }
}
