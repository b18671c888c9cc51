package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.EngineChoice;
import dev.quantreel.nodes.values.Otherwise;
import java.util.Optional;

/// Chooses the inference backend.
@NodeType(
        id = "SelectEngine",
        title = "Select Engine",
        category = "loading",
        description = "Chooses what runs a model: ONNX Runtime on the CPU by default, other engines where this machine"
                + " has them. The second output can be connected to Load VAE and Load Text Encoder. Products of"
                + " quantized values are integer products; the floating-point reference gives the same values slowly"
                + " and serves for checking an engine.",
        aliases = {"backend", "ONNX Runtime", "CPU", "GPU", "threads"})
public final class SelectEngine implements Node<SelectEngine.Inputs, SelectEngine.Outputs> {

    /// How products of quantized values are formed.
    public enum Products {
        /// See [Arithmetic#INTEGER].
        INTEGER("integer", Arithmetic.INTEGER),
        /// See [Arithmetic#FAKE_QUANT].
        REFERENCE("floating-point reference", Arithmetic.FAKE_QUANT);

        private final String label;
        private final Arithmetic arithmetic;

        Products(String label, Arithmetic arithmetic) {
            this.label = label;
            this.arithmetic = arithmetic;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [SelectEngine].
    public record Inputs(
            @In(help = "Model to run; not modified.") DiffusionModel model,

            @In(help = "Engine; auto takes the best available.", initial = "auto", options = AvailableEngines.class)
            String engine,

            @In(help = "Worker threads; 0 lets the engine choose.", initial = "0", min = 0, max = 256)
            int threads,

            @In(help = "How products of quantized values are formed.", initial = "integer", advanced = true)
            Products products,

            @In(
                    help = "Settings of the engine, name=value each; ort-gpu: device=0, provider=cuda or tensorrt,"
                            + " precision=fp32, fp16 or int8 (TensorRT), cache=FOLDER (TensorRT), memory=8g,"
                            + " growth=doubling or exact, tf32=true, binding=false, resident=4g; cuda: memory=8g,"
                            + " offload=auto, always or never, retry=true, attention=auto, bf16, s8 or fp8,"
                            + " activations=bf16 or f32, graphs=false, resident=1MB; tensorrt: high=, low=, clips=,"
                            + " text= (as Build TensorRT Engine writes them), level=3, minutes=60, workspace=4096 (MB),"
                            + " weights=in-plan, refittable or stripped, streaming=true, cache=FOLDER, cache-gb=64.",
                    advanced = true)
            String settings,

            @In(
                    help = "When the engine is not available here: stop and say why, or take the best that is.",
                    initial = "stop",
                    advanced = true)
            Otherwise otherwise) {}

    /// See [SelectEngine].
    public record Outputs(
            @Out(help = "The model on this engine.") DiffusionModel model,

            @Out(help = "The engine, for the other loaders.")
            EngineChoice engine) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        EngineChoice choice = choose(in, context);
        DiffusionModel model = in.model().with(new DiffusionModel.Execution(choice, in.products().arithmetic));
        return new Outputs(model, choice);
    }

    private static EngineChoice choose(Inputs in, NodeContext context) {
        boolean auto = in.engine().equals(EngineChoice.AUTO);
        Optional<EngineProvider> known = EngineChoice.providers().stream()
                .filter(provider -> provider.id().equals(in.engine()))
                .findFirst();
        if (known.isEmpty() && !auto) {
            throw new NodeInputException(
                    "engine",
                    "is '" + in.engine() + "'; accepted are " + new AvailableEngines().options(context.folders()));
        }
        if (auto && !in.settings().isBlank()) {
            throw new NodeInputException(
                    "settings", "is '" + in.settings() + "', which belongs to one engine; name it instead of auto");
        }
        if (known.isPresent() && known.get().probe() instanceof Availability.Unavailable(String reason)) {
            if (in.otherwise() == Otherwise.STOP) {
                throw new NodeInputException("engine", "is '" + in.engine() + "', which is not available: " + reason);
            }
            EngineChoice best = new EngineChoice(EngineChoice.AUTO, in.threads());
            context.status("engine: " + best.provider().id() + ", as " + in.engine() + " is not available: " + reason);
            return best;
        }
        EngineChoice choice = new EngineChoice(in.engine(), in.threads(), in.settings());
        context.status("engine: " + choice.provider().id());
        return choice;
    }
}
