package dev.quantreel.engines.export;

import dev.quantreel.engines.calibration.NoText;
import dev.quantreel.engines.dit.BranchAxis;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.TensorShapeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// The shapes of all inputs of exported graphs for a range of clips. What samplers feed is made as they make
/// it, from zeros, and measured; what one graph hands to the next follows from the names of extents that both
/// declare.
public final class ProfileShapes {

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final float TIMESTEP = 600;

    /// Tokens of glyphs and of a picture that HunyuanVideo 1.5 reads at most (ByT5, SigLIP).
    private static final int GLYPHS = 256;

    private static final int PICTURE_TOKENS = 729;

    private final TransformerCheckpoint model;
    private final ClipRange.Clip clip;
    private final boolean most;
    private final Map<String, Long> symbols = new HashMap<>();
    private Map<String, Tensor> pool = Map.of();

    /// @param most whether everything that may be there is there: known frames, glyphs, features of a picture
    private ProfileShapes(TransformerCheckpoint model, ClipRange.Clip clip, boolean most) {
        this.model = model;
        this.clip = clip;
        this.most = most;
    }

    /// Profiles by name of the graph.
    ///
    /// @param graphs as [OnnxExport.Result#graphs]
    /// @throws IllegalArgumentException when the model has no clips of such a size
    public static SequencedMap<String, OptimizationProfile> of(
            TransformerCheckpoint model, SequencedMap<String, OnnxModel> graphs, ClipRange range) {
        ProfileShapes least = measured(model, range.min(), false, graphs);
        ProfileShapes plain = measured(model, range.opt(), false, graphs);
        // Nothing is tuned for inputs of nothing: what may be missing is there in the usual clip.
        ProfileShapes usual = plain.symbols.containsValue(0L) ? measured(model, range.opt(), true, graphs) : plain;
        ProfileShapes largest = measured(model, range.max(), true, graphs);
        SequencedMap<String, OptimizationProfile> profiles = new LinkedHashMap<>();
        graphs.forEach((part, graph) -> {
            List<OptimizationProfile.Input> inputs = new ArrayList<>();
            for (ValueInfoProto input : graph.proto().getGraph().getInputList()) {
                DType dtype = OnnxTypes.dtype(input.getType().getTensorType().getElemType());
                inputs.add(new OptimizationProfile.Input(
                        input.getName(),
                        dtype,
                        new Extents(
                                least.extents(graph, input),
                                usual.extents(graph, input),
                                largest.extents(graph, input)),
                        dtype == DType.I64
                                        && input.getType()
                                                        .getTensorType()
                                                        .getShape()
                                                        .getDimCount()
                                                <= 1
                                ? Optional.of(
                                        new Extents(least.values(input), usual.values(input), largest.values(input)))
                                : Optional.empty()));
            }
            profiles.put(part, new OptimizationProfile(graph.name(), inputs));
        });
        return profiles;
    }

    private static ProfileShapes measured(
            TransformerCheckpoint model, ClipRange.Clip clip, boolean most, Map<String, OnnxModel> graphs) {
        ProfileShapes shapes = new ProfileShapes(model, clip, most);
        shapes.pool = shapes.pool();
        LatentSize padded = shapes.padded();
        TransformerFacts.Patch patch = model.facts().latent().patch();
        long tokens = (long) (padded.frames() / patch.frames())
                * (padded.height() / patch.height())
                * (padded.width() / patch.width());
        shapes.symbols.put("tokens", tokens);
        graphs.values().forEach(graph -> graph.proto().getGraph().getInputList().forEach(shapes::bind));
        Long sequence = shapes.symbols.get("sequence");
        if (sequence != null) {
            shapes.symbols.put("text", sequence - tokens);
        }
        return shapes;
    }

    private LatentSize padded() {
        TransformerFacts.Patch patch = model.facts().latent().patch();
        LatentSize size = clip.size();
        return new LatentSize(
                up(size.frames(), patch.frames()), up(size.height(), patch.height()), up(size.width(), patch.width()));
    }

    private static int up(int extent, int patch) {
        return Math.ceilDiv(extent, patch) * patch;
    }

    /// What a sampler feeds.
    private Map<String, Tensor> pool() {
        TransformerArchitecture architecture = model.architecture();
        TransformerFacts.Latent facts = model.facts().latent();
        LatentSize size = padded();
        Shape latent = Shape.of(1, facts.inChannels(), size.frames(), size.height(), size.width());
        BranchConditioning conditioning = conditioning(latent);
        Map<String, Tensor> inputs = new HashMap<>(architecture.conditioningInputs(conditioning));
        inputs.putAll(architecture.stepInputs(Tensor.zeros(DType.F32, latent), TIMESTEP, conditioning));
        inputs.putAll(architecture.nextStepInputs(TIMESTEP / 2));
        inputs.putAll(architecture.positionInputs(size, conditioning));
        return inputs;
    }

    private BranchConditioning conditioning(Shape latent) {
        int tokens = Math.min(clip.textTokens(), model.facts().text().length());
        BranchConditioning plain = NoText.of(model, latent, tokens);
        TransformerFacts.Image image = model.facts().latent().image();
        if (!most || image != TransformerFacts.Image.FIRST_FRAME && image != TransformerFacts.Image.OPTIONAL_CHANNELS) {
            return plain;
        }
        if (image == TransformerFacts.Image.FIRST_FRAME) {
            return new BranchConditioning(
                    plain.text(),
                    Optional.of(new BranchConditioning.Image(Optional.empty(), Optional.empty(), 1)),
                    plain.guidance());
        }
        Map<String, Tensor> empty = model.architecture().conditioningInputs(plain);
        PromptEmbedding text = plain.text();
        return new BranchConditioning(
                new PromptEmbedding(text.context(), text.length(), text.pooled(), like(empty.get("glyphs"), GLYPHS)),
                Optional.of(new BranchConditioning.Image(
                        Optional.empty(), like(empty.get("image_features"), PICTURE_TOKENS), 0)),
                plain.guidance());
    }

    private static Optional<Tensor> like(@Nullable Tensor empty, int tokens) {
        return Optional.ofNullable(empty)
                .map(own ->
                        Tensor.zeros(DType.F32, Shape.of(1, tokens, own.shape().dim(2))));
    }

    /// Learns what the names of extents stand for.
    private void bind(ValueInfoProto input) {
        Tensor fed = fed(input.getName());
        if (fed == null) {
            return;
        }
        List<TensorShapeProto.Dimension> dims =
                input.getType().getTensorType().getShape().getDimList();
        for (int axis = 0; axis < dims.size(); axis++) {
            if (dims.get(axis).hasDimParam()) {
                symbols.put(own(dims.get(axis).getDimParam()), fed.shape().dim(axis));
            }
        }
    }

    private @Nullable Tensor fed(String input) {
        return pool.get(own(input));
    }

    /// Both branches of guidance have the same prompt here.
    private static String own(String name) {
        return name.startsWith(BranchAxis.SECOND) ? name.substring(BranchAxis.SECOND.length()) : name;
    }

    private List<Long> extents(OnnxModel graph, ValueInfoProto input) {
        List<Long> extents = new ArrayList<>();
        for (TensorShapeProto.Dimension dim :
                input.getType().getTensorType().getShape().getDimList()) {
            Long extent = dim.hasDimParam() ? symbols.get(own(dim.getDimParam())) : Long.valueOf(dim.getDimValue());
            if (extent == null) {
                throw new IllegalStateException(graph.name() + ": nothing says how large " + dim.getDimParam()
                        + " of input " + input.getName() + " is; known are " + symbols.keySet());
            }
            extents.add(extent);
        }
        return extents;
    }

    private List<Long> values(ValueInfoProto input) {
        Tensor fed = fed(input.getName());
        if (fed == null || fed.dtype() != DType.I64) {
            throw new IllegalStateException("nothing is known of the values of input " + input.getName());
        }
        List<Long> values = new ArrayList<>();
        for (long i = 0; i < fed.elements(); i++) {
            values.add(fed.data().get(LONG, 8 * i));
        }
        return values;
    }
}
