package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.export.ClipRange;
import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.gpu.Gpu;
import dev.quantreel.engines.gpu.GpuDetection;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import dev.quantreel.engines.runtime.tensorrt.CachedEngine;
import dev.quantreel.engines.runtime.tensorrt.ChipRates;
import dev.quantreel.engines.runtime.tensorrt.EngineKind;
import dev.quantreel.engines.runtime.tensorrt.EnginePlan;
import dev.quantreel.engines.runtime.tensorrt.TensorRtEngine;
import dev.quantreel.engines.runtime.tensorrt.TensorRtEngineProvider;
import dev.quantreel.engines.runtime.tensorrt.TransformerWork;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.EngineChoice;
import dev.quantreel.nodes.values.ModelAssembly;
import dev.quantreel.nodes.values.Otherwise;
import dev.quantreel.nodes.values.TensorRtAssembly;
import dev.quantreel.nodes.values.TensorRtRecipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// Builds a model's engines for TensorRT, after it has told what they will take and bring.
@NodeType(
        id = "BuildTensorRTEngine",
        title = "Build TensorRT Engine",
        category = "sampling",
        description =
                "Makes a model run on NVIDIA's TensorRT: first tells what its engines take and what they can bring"
                        + " at most, then builds them, once for a model, its clip sizes, a GPU and a version of TensorRT. INT8"
                        + " engines round activations to 8 bits, with a scale for every token; INT4 engines keep 4-bit weights"
                        + " and multiply in 16 bits (W4A16). With a bit schedule, steps of few bits can have an engine of"
                        + " their own. Needs an NVIDIA GPU and TensorRT 10.15: ./quantreel install tensorrt. The plan alone"
                        + " works everywhere.",
        output = true,
        aliases = {"tensorrt", "trt", "nvidia", "engine", "compile", "GPU", "INT8", "W4A16", "plan"})
public final class BuildTensorRTEngine implements Node<BuildTensorRTEngine.Inputs, BuildTensorRTEngine.Outputs> {

    /// What engines compute in.
    public enum Products {
        /// What suits the model.
        AUTO("as the model is quantized", Optional.empty()),
        /// See [ExportForm#QDQ_INT8].
        INT8("INT8 (W8A8, or fewer weight bits carried as int8)", Optional.of(ExportForm.QDQ_INT8)),
        /// See [ExportForm#INT4].
        INT4("INT4 weights (W4A16)", Optional.of(ExportForm.INT4)),
        /// See [ExportForm#FP8].
        FP8("FP8 (Ada, Hopper, Blackwell)", Optional.of(ExportForm.FP8)),
        /// See [ExportForm#PLAIN].
        BF16("BF16 (baseline)", Optional.of(ExportForm.PLAIN));

        private final String label;
        private final Optional<ExportForm> form;

        Products(String label, Optional<ExportForm> form) {
            this.label = label;
            this.form = form;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// What runs the steps of up to 4 activation bits.
    public enum FewBits {
        /// The same engine.
        SAME("the same engine", Optional.empty()),
        /// See [ExportForm#INT4].
        INT4("INT4 weights (W4A16)", Optional.of(ExportForm.INT4)),
        /// See [ExportForm#QDQ_INT8].
        INT8("INT8", Optional.of(ExportForm.QDQ_INT8));

        private final String label;
        private final Optional<ExportForm> form;

        FewBits(String label, Optional<ExportForm> form) {
            this.label = label;
            this.form = form;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// What to do with the weights in plan files.
    public enum PlanWeights {
        /// Whole plans.
        IN_PLAN("in the plan"),
        /// Plans that take other weights.
        REFITTABLE("refittable"),
        /// Plans without weights.
        STRIPPED("stripped");

        private final String label;

        PlanWeights(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [BuildTensorRTEngine].
    public record Inputs(
            @In(help = "Model to build engines of; behind all nodes that quantize it.")
            DiffusionModel model,

            @In(help = "What the engines compute in.", initial = "as the model is quantized")
            Products products,

            @In(
                    help =
                            "What runs steps of up to 4 activation bits, where a bit schedule has some. Another engine has"
                                    + " weights of its own and shares the memory of activations.",
                    initial = "the same engine")
            FewBits fewBits,

            @In(
                    help =
                            "Clips that the engines are for: width, height and pictures as 832x480x81, or three of them with"
                                    + " commas: least, usual, largest.",
                    initial = "832x480x81")
            String sizes,

            @In(help = "Tell the plan and build nothing; works without an NVIDIA GPU.", initial = "false")
            boolean planOnly,

            @In(
                    help = "GPU that the plan is for, such as H100 or RTX 4090; empty is that of this machine.",
                    advanced = true)
            String chip,

            @In(
                    help = "How much TensorRT tries: 0 builds fast, 5 tries most.",
                    initial = "3",
                    min = 0,
                    max = 5,
                    advanced = true)
            int level,

            @In(
                    help = "Scratch memory that a kernel may take while tactics are chosen, in MB; 0 is all there is.",
                    initial = "0",
                    min = 0,
                    max = 1000000,
                    advanced = true)
            int workspace,

            @In(
                    help = "Minutes after which the building of one engine is given up.",
                    initial = "60",
                    min = 1,
                    max = 10000,
                    advanced = true)
            int minutes,

            @In(
                    help = "Whether plan files hold the weights: whole plans open fastest; refittable ones take other"
                            + " weights; stripped ones are small and are filled from the model when they are opened.",
                    initial = "in the plan",
                    advanced = true)
            PlanWeights weights,

            @In(
                    help = "Let weights stay in main memory and come over while the engine runs, where the GPU has too"
                            + " little.",
                    initial = "false",
                    advanced = true)
            boolean streaming,

            @In(
                    help = "When TensorRT is not available here: stop and say why, or take the best engine that is.",
                    initial = "stop",
                    advanced = true)
            Otherwise otherwise) {

        private TensorRtRecipe recipe() {
            TensorRtRecipe suiting = TensorRtRecipe.of(model);
            ExportForm high = products.form.orElse(suiting.high());
            return new TensorRtRecipe(high, fewBits.form.filter(form -> form != high), sizes, "");
        }

        private String settings() {
            return recipe().settings() + " level=" + level + " workspace=" + workspace + " minutes=" + minutes
                    + " weights=" + weights.name().toLowerCase(Locale.ROOT).replace('_', '-') + " streaming="
                    + streaming;
        }
    }

    /// See [BuildTensorRTEngine].
    public record Outputs(
            @Out(help = "The model on TensorRT; as it came when only the plan was wanted.")
            DiffusionModel model,

            @Out(help = "The plan, and what was built.") String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        if (in.streaming() && in.weights() == PlanWeights.STRIPPED) {
            throw new NodeInputException(
                    "streaming", "is not possible with stripped plans; plans that hold their weights can stream them");
        }
        String plan = plan(in).text();
        if (in.planOnly()) {
            context.show(new UiItem.Text(plan));
            return new Outputs(in.model(), plan);
        }
        if (new TensorRtEngineProvider().probe() instanceof Availability.Unavailable(String reason)) {
            context.show(new UiItem.Text(plan));
            return instead(in, plan, reason, context);
        }
        EngineChoice choice = new EngineChoice(
                TensorRtEngineProvider.ID, in.model().execution().engine().threads(), in.settings());
        DiffusionModel model = in.model()
                .with(new DiffusionModel.Execution(
                        choice, in.model().execution().arithmetic()));
        context.status(plan.lines().findFirst().orElse(""));
        List<CachedEngine> built = new TensorRtAssembly(model, ModelAssembly.weights(model, context), Blocks.ONE_BRANCH)
                .build((TensorRtEngine) choice.open(context), context);
        String report = plan + "\n\n" + built.stream().map(CachedEngine::line).collect(Collectors.joining("\n"));
        context.show(new UiItem.Text(report));
        return new Outputs(model, report);
    }

    private static Outputs instead(Inputs in, String plan, String reason, NodeContext context) {
        if (in.otherwise() == Otherwise.STOP) {
            throw new NodeInputException(
                    "otherwise",
                    "is 'stop' and TensorRT is not available here: " + reason
                            + ". With planOnly the plan alone is told, with 'take the best available' another engine runs"
                            + " the model");
        }
        EngineChoice best = new EngineChoice(
                EngineChoice.AUTO, in.model().execution().engine().threads());
        String note = "runs on " + best.provider().id() + ", as TensorRT is not available here: " + reason;
        context.status(note);
        return new Outputs(
                in.model()
                        .with(new DiffusionModel.Execution(
                                best, in.model().execution().arithmetic())),
                plan + "\n\n" + note);
    }

    /// What there would be.
    private static EnginePlan plan(Inputs in) {
        DiffusionModel model = in.model();
        TensorRtRecipe recipe = in.recipe();
        List<EngineKind> kinds = new ArrayList<>(List.of(TensorRtRecipe.kind(recipe.high(), model)));
        recipe.low().ifPresent(form -> kinds.add(TensorRtRecipe.kind(form, model)));
        Optional<String> name = in.chip().isBlank()
                ? GpuDetection.report().gpus().stream().map(Gpu::name).findFirst()
                : Optional.of(in.chip());
        try {
            ClipRange range = ClipRange.parse(in.sizes(), "", model.facts());
            return new EnginePlan(
                    model.facts().variant() + ", " + model.precision(),
                    model.facts().sizes().dim(),
                    TransformerWork.of(
                            model.architecture(),
                            range.opt().size(),
                            model.facts().text().length()),
                    kinds,
                    name.flatMap(ChipRates::of),
                    name.orElse("no NVIDIA GPU (name one as chip)"));
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("sizes", String.valueOf(e.getMessage()), e);
        }
    }
}
