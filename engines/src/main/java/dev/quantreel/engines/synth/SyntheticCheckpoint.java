package dev.quantreel.engines.synth;

import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFamily;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsIndex;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A checkpoint of a model's real sizes and names whose weights are seeded random numbers. Nothing is generated
/// before
/// it is written, and then piece by piece.
public final class SyntheticCheckpoint {

    /// Types that weights can be written in.
    public static final Set<DType> PRECISIONS = Set.of(DType.F32, DType.F16, DType.BF16, DType.F8_E4M3);

    /// Largest shard, as diffusers cuts them.
    public static final long SHARD_BYTES = 5_000_000_000L;

    private static final Pattern BLOCK = Pattern.compile("^[a-z_]*blocks\\.(\\d+)\\.");

    private final List<FusedTensor> tensors;
    private final Map<String, DType> dtypes;
    private final Options options;
    private final Map<String, String> metadata;

    /// @param layout name of one of the family's layouts; `comfy` and `original` stand for each other where a
    /// family
    /// has
    /// only one of them
    /// @param precision one of [#PRECISIONS]; with F8_E4M3 only the linears of the blocks are, the rest is BF16
    /// @param layers blocks of every kind to keep; 0 for all
    public record Options(String layout, DType precision, int layers, long seed) {
        public Options {
            if (!PRECISIONS.contains(precision)) {
                throw new IllegalArgumentException("precision is " + precision + "; accepted are " + PRECISIONS);
            }
            if (layers < 0) {
                throw new IllegalArgumentException("layers is " + layers + "; 0 keeps all, else at least 1");
            }
        }
    }

    private SyntheticCheckpoint(
            List<FusedTensor> tensors, Map<String, DType> dtypes, Options options, Map<String, String> metadata) {
        this.tensors = tensors;
        this.dtypes = dtypes;
        this.options = options;
        this.metadata = metadata;
    }

    /// Plans a checkpoint.
    ///
    /// @throws IllegalArgumentException when the family has no such layout
    public static SyntheticCheckpoint of(
            TransformerFamily family, TransformerArchitecture architecture, Options options) {
        KeyLayout layout = layout(family, options.layout());
        SequencedMap<String, Shape> kept = new LinkedHashMap<>(architecture.shapes());
        kept.keySet().removeIf(name -> !keeps(name, options.layers()));
        Set<String> linears = new HashSet<>(architecture.blockLinears());
        List<FusedTensor> tensors = FusedTensor.of(kept, layout);
        Map<String, DType> dtypes = new LinkedHashMap<>();
        for (FusedTensor tensor : tensors) {
            boolean linear = tensor.parts().stream()
                    .allMatch(part -> part.canonical().endsWith(".weight")
                            && linears.contains(part.canonical()
                                    .substring(0, part.canonical().length() - ".weight".length())));
            dtypes.put(
                    tensor.name(), options.precision() == DType.F8_E4M3 && !linear ? DType.BF16 : options.precision());
        }
        String what = architecture.facts().variant() + ", seed " + options.seed();
        return new SyntheticCheckpoint(tensors, dtypes, options, Map.of("format", "pt", "synthetic", what));
    }

    /// Plans a file of tensors that are kept as they are named, in BF16.
    static SyntheticCheckpoint of(TinyPart part, long seed) {
        List<FusedTensor> tensors = part.shapes().entrySet().stream()
                .map(entry -> new FusedTensor(
                        entry.getKey(),
                        entry.getValue(),
                        0,
                        List.of(new FusedTensor.Part(entry.getKey(), entry.getValue()))))
                .toList();
        Options options = new Options("", DType.BF16, 0, seed);
        return new SyntheticCheckpoint(
                tensors, Map.of(), options, Map.of("format", "pt", "config", part.config(), "synthetic", part.file()));
    }

    private static KeyLayout layout(TransformerFamily family, String wanted) {
        String word = wanted.toLowerCase(Locale.ROOT);
        List<String> accepted = word.startsWith("comfy")
                ? List.of(word, "comfy", "original")
                : word.equals("original") ? List.of("original", "comfy") : List.of(word);
        for (String prefix : accepted) {
            for (KeyLayout layout : family.layouts()) {
                if (layout.name().toLowerCase(Locale.ROOT).startsWith(prefix)) {
                    return layout;
                }
            }
        }
        throw new IllegalArgumentException(
                "there is no layout '" + wanted + "' of " + family.title() + "; accepted are "
                        + family.layouts().stream().map(KeyLayout::name).collect(Collectors.joining(", ")));
    }

    private static boolean keeps(String canonical, int layers) {
        Matcher block = BLOCK.matcher(canonical);
        return layers == 0 || !block.find() || Integer.parseInt(block.group(1)) < layers;
    }

    /// Number of values.
    public long parameters() {
        return tensors.stream().mapToLong(tensor -> tensor.shape().elements()).sum();
    }

    /// Number of tensors in the file.
    public int tensorCount() {
        return tensors.size();
    }

    /// Bytes of all tensors.
    public long dataBytes() {
        return tensors.stream().mapToLong(tensor -> type(tensor).byteSize()).sum();
    }

    private SafetensorsPlan.Type type(FusedTensor tensor) {
        return new SafetensorsPlan.Type(dtypes.getOrDefault(tensor.name(), options.precision()), tensor.shape());
    }

    /// Writes one file; a temporary file is moved onto its name when it is whole.
    ///
    /// @param written told how many bytes were written since the last call, from any thread
    /// @throws dev.quantreel.engines.safetensors.SafetensorsException when it cannot be written; says how much room
    /// it
    /// needs
    /// @throws java.util.concurrent.CancellationException when interrupted; nothing is kept
    public void write(Path file, LongConsumer written, CancellationToken cancellation) {
        write(file, tensors, written, cancellation);
    }

    private void write(Path file, List<FusedTensor> selected, LongConsumer written, CancellationToken cancellation) {
        SafetensorsPlan plan = plan(file, selected);
        SafetensorsWriter.write(
                file, plan, channel -> new PieceWriter(plan.header(), selected, new SyntheticWeights(options.seed()))
                        .write(channel, written, cancellation));
    }

    /// Writes the header, and zeros that take no room on the disk.
    public void writeSparse(Path file) {
        SafetensorsWriter.writeSparse(file, plan(file, tensors));
    }

    /// Writes shards `diffusion_pytorch_model-00001-of-0000n.safetensors` and their index, which comes last.
    ///
    /// @param folder made if missing
    /// @param shardBytes data of a shard at most
    public void writeShards(Path folder, long shardBytes, LongConsumer written, CancellationToken cancellation) {
        List<List<FusedTensor>> shards = shards(shardBytes);
        Map<String, String> files = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = "diffusion_pytorch_model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
            write(folder.resolve(name), shards.get(i), written, cancellation);
            shards.get(i).forEach(tensor -> files.put(tensor.name(), name));
        }
        SafetensorsIndex.write(folder.resolve("diffusion_pytorch_model.safetensors.index.json"), dataBytes(), files);
    }

    private List<List<FusedTensor>> shards(long shardBytes) {
        List<List<FusedTensor>> shards = new ArrayList<>();
        long room = 0;
        for (FusedTensor tensor : tensors) {
            long bytes = type(tensor).byteSize();
            if (shards.isEmpty() || bytes > room) {
                shards.add(new ArrayList<>());
                room = shardBytes;
            }
            shards.getLast().add(tensor);
            room -= bytes;
        }
        return shards;
    }

    private SafetensorsPlan plan(Path file, List<FusedTensor> selected) {
        Map<String, SafetensorsPlan.Type> types = new LinkedHashMap<>();
        selected.forEach(tensor -> types.put(tensor.name(), type(tensor)));
        return SafetensorsPlan.of(file.toString(), types, metadata);
    }
}
