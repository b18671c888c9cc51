package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.rotation.FusedValues;
import dev.quantreel.engines.rotation.ValuePath;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.DamagedCheckpointException;
import dev.quantreel.engines.tensor.ModelFamily;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A checkpoint recognised as a diffusion transformer, seen under its canonical names whatever its layout and prefix.
///
/// Exactly the tensors of the model are visible, each with the shape its architecture demands, and every tensor of the
/// file (below the prefix) is consumed exactly once.
public final class TransformerCheckpoint implements CheckpointView {

    /// Every family that is supported, in the order of `META-INF/services`: that of recognition.
    public static final List<TransformerFamily> FAMILIES = ServiceLoader.load(TransformerFamily.class).stream()
            .map(ServiceLoader.Provider::get)
            .toList();

    /// Key of metadata that says: the tensors have their canonical names, and the value is the title of their family.
    public static final String FAMILY_METADATA = "quantreel.family";

    private static final KeyLayout CANONICAL = KeyLayout.renaming("Quantreel", List.of(), UnaryOperator.identity());

    private static final List<String> PREFIXES = List.of("", "model.diffusion_model.", "diffusion_model.", "model.");

    private final LayoutView view;
    private final TransformerFamily family;
    private final TransformerArchitecture architecture;
    private final SequencedMap<String, Shape> shapes;

    private TransformerCheckpoint(LayoutView view, TransformerFamily family, TransformerArchitecture architecture) {
        this.view = view;
        this.family = family;
        this.architecture = architecture;
        this.shapes = Collections.unmodifiableSequencedMap(architecture.shapes());
    }

    /// Recognises family, layout and variant, and checks every tensor.
    ///
    /// @throws UnsupportedCheckpointException when it is no transformer of a known family, another variant,
    /// incomplete, or a mixture of layouts; the message says what the file is
    public static TransformerCheckpoint of(Checkpoint source) {
        return recognise(source)
                .orElseThrow(() -> new UnsupportedCheckpointException(
                        source.source(),
                        ModelFamily.describe(source) + "; accepted is a diffusion transformer: "
                                + FAMILIES.stream()
                                        .map(TransformerFamily::title)
                                        .collect(Collectors.joining(", "))));
    }

    /// Like [#of], but empty when the file does not look like a transformer at all.
    ///
    /// @throws UnsupportedCheckpointException when it looks like one but is not usable
    public static Optional<TransformerCheckpoint> recognise(Checkpoint source) {
        String declared = source.metadata().get(FAMILY_METADATA);
        if (declared != null) {
            return Optional.of(of(new LayoutView(source, "", CANONICAL), declared(source, declared)));
        }
        for (String prefix : PREFIXES) {
            for (TransformerFamily family : FAMILIES) {
                for (KeyLayout layout : family.layouts()) {
                    if (layout.fits(name -> source.contains(prefix + name))) {
                        return Optional.of(of(new LayoutView(source, prefix, layout), family));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static TransformerFamily declared(Checkpoint source, String title) {
        return FAMILIES.stream()
                .filter(family -> family.title().equals(title))
                .findFirst()
                .orElseThrow(() -> new UnsupportedCheckpointException(
                        source.source(),
                        "it says that it is of the family '" + CheckpointException.abbreviated(title)
                                + "'; known are "
                                + FAMILIES.stream()
                                        .map(TransformerFamily::title)
                                        .collect(Collectors.joining(", "))));
    }

    private static TransformerCheckpoint of(LayoutView view, TransformerFamily family) {
        TransformerArchitecture architecture;
        try {
            architecture = family.read(view);
        } catch (UnsupportedCheckpointException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new UnsupportedCheckpointException(view.source(), String.valueOf(e.getMessage()));
        }
        TransformerCheckpoint checkpoint = new TransformerCheckpoint(view, family, architecture);
        checkpoint.requireShapes();
        checkpoint.requireConsumed();
        return checkpoint;
    }

    private void requireShapes() {
        shapes.forEach((canonical, expected) -> {
            TensorSlice slice = view.slice(canonical);
            String kept = slice.name() + (slice.isWhole() ? "" : " (part of it: " + canonical + ")");
            if (!view.file().contains(slice.name())) {
                throw new DamagedCheckpointException(
                        source(),
                        "tensor " + kept + " is missing; expected " + expected + " for "
                                + architecture.facts().variant() + " in " + layout() + " layout" + mixed());
            }
            Shape shape = slice.of(view.file().shape(slice.name()));
            if (!shape.equals(expected)) {
                throw new UnsupportedCheckpointException(
                        source(), "tensor " + kept + " is " + shape + ", expected " + expected);
            }
        });
    }

    /// Every tensor of the file once, whole.
    private void requireConsumed() {
        Map<String, Double> used = new HashMap<>();
        for (String canonical : shapes.keySet()) {
            TensorSlice slice = view.slice(canonical);
            used.merge(slice.name(), (double) slice.count() / slice.parts(), Double::sum);
        }
        used.forEach((name, fraction) -> {
            if (Math.abs(fraction - 1) > 1e-9) {
                throw new IllegalStateException(
                        family.title() + ": tensor " + name + " is used " + fraction + " times instead of once");
            }
        });
        SequencedSet<String> surplus = new LinkedHashSet<>(view.file().names());
        surplus.removeAll(used.keySet());
        surplus.removeIf(name -> !name.startsWith(view.prefix()) || isAccompanying(name));
        if (!surplus.isEmpty()) {
            String what = ModelFamily.describeSurplus(architecture.facts().variant(), surplus);
            String mixed = mixed();
            throw mixed.isEmpty()
                    ? new UnsupportedCheckpointException(source(), what)
                    : new DamagedCheckpointException(source(), what + mixed);
        }
    }

    /// With no prefix, an all-in-one file may hold other parts beside the transformer.
    private static boolean isAccompanying(String name) {
        return Set.of("vae", "first_stage_model", "text_encoders", "cond_stage_model", "text_encoder")
                .contains(name.substring(0, Math.max(0, name.indexOf('.'))));
    }

    /// Set when the file also has tensors of another layout, or its own behind another prefix.
    private String mixed() {
        Set<String> own = stored(view.layout());
        return family.layouts().stream()
                .filter(other -> !other.name().equals(layout()))
                .filter(other -> {
                    Set<String> others = stored(other);
                    return below(view.prefix()).anyMatch(name -> !own.contains(name) && others.contains(name));
                })
                .findFirst()
                .map(other -> "the layouts " + layout() + " and " + other.name())
                .or(() -> PREFIXES.stream()
                        .filter(other -> !other.equals(view.prefix()))
                        .filter(other -> below(other).anyMatch(own::contains))
                        .findFirst()
                        .map(other -> "names " + prefixed(view.prefix()) + " and " + prefixed(other)))
                .map(what -> "; the file mixes " + what
                        + ", as a failed conversion leaves it: take the file from its source again")
                .orElse("");
    }

    private static String prefixed(String prefix) {
        return prefix.isEmpty() ? "without a prefix" : "with the prefix " + prefix;
    }

    /// Names of the file behind a prefix.
    private Stream<String> below(String prefix) {
        return view.file().names().stream()
                .filter(name -> name.startsWith(prefix))
                .map(name -> name.substring(prefix.length()));
    }

    /// Names of all tensors in a layout.
    private Set<String> stored(KeyLayout layout) {
        return shapes.keySet().stream()
                .map(canonical -> layout.locate(canonical).name())
                .collect(Collectors.toSet());
    }

    /// This checkpoint as a plan wants it quantized: with values that take over rotations where the plan fuses them and
    /// quantizes every layer that reads the result; else itself.
    ///
    /// @throws IllegalArgumentException when the plan's rotation does not fit the heads, or the family has no such
    /// place
    public Checkpoint asPlanned(QuantizationPlan plan) {
        if (!plan.input().fusedValues()) {
            return this;
        }
        Set<String> quantized = Set.copyOf(plan.layers().select(blockLinears()));
        List<ValuePath> paths = architecture.valuePaths().stream()
                .filter(path -> quantized.containsAll(path.outputs()))
                .toList();
        if (paths.isEmpty()) {
            throw new IllegalArgumentException(
                    facts().variant() + " has no attention whose values could take over a rotation under this plan;"
                            + " leave the rotation on line");
        }
        return FusedValues.of(this, paths, plan.rotation()::at);
    }

    /// Builds the graphs.
    ///
    /// @param options recorded layers become additional outputs [SplitGraphs#RECORDED]
    /// @throws UnsupportedCheckpointException when a weight is not finite
    public SplitGraphs graphs(LinearLayers linears, Options options) {
        return architecture.graphs(this, new RecordingLinears(linears, options.recorded()), options.dialect());
    }

    /// How graphs are built.
    ///
    /// @param dialect operators that may be used
    /// @param recorded layers (names as in [LinearLayers]) whose inputs become additional outputs
    public record Options(Dialect dialect, Set<String> recorded) {

        public static final Options DEFAULTS = new Options(Dialect.ONNX_RUNTIME, Set.of());

        public Options {
            recorded = Set.copyOf(recorded);
        }
    }

    public TransformerFamily family() {
        return family;
    }

    public TransformerArchitecture architecture() {
        return architecture;
    }

    public TransformerFacts facts() {
        return architecture.facts();
    }

    /// Name of the file's layout.
    public String layout() {
        return view.layout().name();
    }

    /// Where the file keeps a canonical tensor, prefix included.
    public TensorSlice slice(String canonical) {
        return view.slice(canonical);
    }

    /// Number of values in all tensors.
    public long parameters() {
        return shapes.values().stream().mapToLong(Shape::elements).sum();
    }

    /// See [TransformerArchitecture#blockLinears].
    public List<String> blockLinears() {
        return architecture.blockLinears();
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(shapes.sequencedKeySet());
    }

    @Override
    public boolean contains(String name) {
        return shapes.containsKey(name);
    }

    @Override
    public String nameBeneath(String name) {
        if (!shapes.containsKey(name)) {
            throw new IllegalArgumentException(
                    source() + ": " + architecture.facts().variant() + " has no tensor " + name);
        }
        return name;
    }

    @Override
    public Checkpoint beneath() {
        return view;
    }
}
