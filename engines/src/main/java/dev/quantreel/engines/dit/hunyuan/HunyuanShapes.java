package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.rotation.ValuePath;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/// Collects the tensors of a HunyuanVideo transformer by canonical name: those of ComfyUI, with fused matrices split
/// into their parts (`img_attn.qkv` into `img_attn.q`, `.k`, `.v`; `linear1` into `.q`, `.k`, `.v`, `.mlp`; `linear2`
/// into the columns `.attn` and `.mlp`, whose inputs are as different as their quantization should be; the final
/// modulation into `.shift` and `.scale`).
final class HunyuanShapes {

    /// What ends the name of a matrix.
    private static final String WEIGHT = ".weight";

    /// What ends the name of a linear that makes modulation vectors.
    private static final String MODULATION = ".lin";

    private final SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
    private final HunyuanConfig config;
    private final int dim;
    private final int hidden;

    HunyuanShapes(HunyuanConfig config) {
        this.config = config;
        this.dim = config.dim();
        this.hidden = HunyuanConfig.MLP_RATIO * dim;
    }

    SequencedMap<String, Shape> shapes() {
        return shapes;
    }

    /// The matrices of the blocks that a quantization may take: all but those of the modulations, which multiply one
    /// vector per step.
    static List<String> blockLinears(SequencedMap<String, Shape> shapes) {
        return matrices(shapes).filter(name -> !name.endsWith(MODULATION)).toList();
    }

    /// See [dev.quantreel.engines.dit.TransformerArchitecture#timeLinears].
    static final String TIME_LINEARS = "(time|time_r|vector|guidance)_in\\..*|.*(_mod|\\.modulation)\\.lin"
            + "|final_layer\\.adaLN_modulation\\..*|txt_in\\.t_embedder\\..*";

    /// The matrices of the modulations: a quarter of all weights.
    static List<String> modulationLinears(SequencedMap<String, Shape> shapes) {
        return matrices(shapes).filter(name -> name.endsWith(MODULATION)).toList();
    }

    private static Stream<String> matrices(SequencedMap<String, Shape> shapes) {
        return shapes.entrySet().stream()
                .filter(tensor -> tensor.getValue().rank() == 2)
                .map(tensor -> tensor.getKey())
                .filter(name -> name.startsWith("double_blocks.") || name.startsWith("single_blocks."))
                .filter(name -> name.endsWith(WEIGHT))
                .map(name -> name.substring(0, name.length() - WEIGHT.length()));
    }

    /// Values of both streams of a double block meet in one attention, whose result goes back to both.
    static List<ValuePath> valuePaths(SequencedMap<String, Shape> shapes, int headDim) {
        List<ValuePath> paths = new ArrayList<>();
        for (String name : shapes.keySet()) {
            if (name.endsWith(".img_attn.v.weight")) {
                String block = name.substring(0, name.length() - "img_attn.v.weight".length());
                paths.add(new ValuePath(
                        List.of(block + "img_attn.v", block + "txt_attn.v"),
                        List.of(block + "img_attn.proj", block + "txt_attn.proj"),
                        headDim));
            } else if (name.endsWith(".linear1.v.weight")) {
                String block = name.substring(0, name.length() - "linear1.v.weight".length());
                paths.add(new ValuePath(List.of(block + "linear1.v"), List.of(block + "linear2.attn"), headDim));
            }
        }
        return paths;
    }

    HunyuanShapes patches() {
        shapes.put("img_in.proj.weight", Shape.of(dim, config.inChannels(), 1, config.patch(), config.patch()));
        shapes.put("img_in.proj.bias", Shape.of(dim));
        return this;
    }

    /// Two linears with SiLU between them.
    HunyuanShapes embedder(String name, int in) {
        linear(name + ".in_layer", in, dim);
        linear(name + ".out_layer", dim, dim);
        return this;
    }

    HunyuanShapes refiner() {
        embedder("txt_in.t_embedder", config.freqDim());
        embedder("txt_in.c_embedder", config.textDim());
        linear("txt_in.input_embedder", config.textDim(), dim);
        for (int i = 0; i < config.depth().refiner(); i++) {
            String block = "txt_in.individual_token_refiner.blocks." + i + ".";
            linear(block + "adaLN_modulation.1", dim, 2 * dim);
            norm(block + "norm1", dim);
            parts(block + "self_attn.", dim, "q", "k", "v", "proj");
            norm(block + "norm2", dim);
            mlp(block + "mlp.");
        }
        return this;
    }

    HunyuanShapes blocks() {
        for (int i = 0; i < config.depth().doubles(); i++) {
            doubleBlock("double_blocks." + i + ".");
        }
        for (int i = 0; i < config.depth().singles(); i++) {
            singleBlock("single_blocks." + i + ".");
        }
        return this;
    }

    HunyuanShapes head() {
        linear("final_layer.adaLN_modulation.1.shift", dim, dim);
        linear("final_layer.adaLN_modulation.1.scale", dim, dim);
        linear("final_layer.linear", dim, config.patch() * config.patch() * config.outChannels());
        return this;
    }

    HunyuanShapes norm(String layer, int width) {
        shapes.put(layer + ".weight", Shape.of(width));
        shapes.put(layer + ".bias", Shape.of(width));
        return this;
    }

    HunyuanShapes linear(String layer, int in, int out) {
        shapes.put(layer + ".weight", Shape.of(out, in));
        shapes.put(layer + ".bias", Shape.of(out));
        return this;
    }

    private void doubleBlock(String block) {
        List<String> streams = List.of("img", "txt");
        for (String stream : streams) {
            linear(block + stream + "_mod.lin", dim, 6 * dim);
        }
        for (String stream : streams) {
            parts(block + stream + "_attn.", dim, "q", "k", "v");
            headNorms(block + stream + "_attn.norm.");
        }
        for (String stream : streams) {
            parts(block + stream + "_attn.", dim, "proj");
            mlp(block + stream + "_mlp.");
        }
    }

    private void singleBlock(String block) {
        linear(block + "modulation.lin", dim, 3 * dim);
        parts(block + "linear1.", dim, "q", "k", "v");
        linear(block + "linear1.mlp", dim, hidden);
        headNorms(block + "norm.");
        linear(block + "linear2.attn", dim, dim);
        // The bias of the fused matrix stays with the part above.
        shapes.put(block + "linear2.mlp.weight", Shape.of(dim, hidden));
    }

    private void headNorms(String prefix) {
        shapes.put(prefix + "query_norm.scale", Shape.of(config.headDim()));
        shapes.put(prefix + "key_norm.scale", Shape.of(config.headDim()));
    }

    private void mlp(String prefix) {
        linear(prefix + "0", dim, hidden);
        linear(prefix + "2", hidden, dim);
    }

    private void parts(String prefix, int width, String... parts) {
        for (String part : parts) {
            linear(prefix + part, width, width);
        }
    }
}
