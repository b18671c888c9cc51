package dev.quantreel.engines.vision;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.ModelFamily;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.Arrays;

/// A picture encoder under the names of transformers, whatever its layout. Only the names that the graph asks for
/// are known.
///
/// @param file as it is stored
/// @param layout of its names
record ClipVisionKeys(Checkpoint file, Layout layout) implements CheckpointView {

    static final String CLASS = "vision_model.embeddings.class_embedding";
    static final String PATCHES = "vision_model.embeddings.patch_embedding.weight";
    /// SigLIP's alone.
    static final String PATCH_BIAS = "vision_model.embeddings.patch_embedding.bias";
    static final String POSITIONS = "vision_model.embeddings.position_embedding.weight";
    static final String FIRST_NORM = "vision_model.pre_layrnorm.";
    /// Read of SigLIP alone.
    static final String LAST_NORM = "vision_model.post_layernorm.";
    private static final String LAYERS = "vision_model.encoder.layers.";
    private static final int FUSED = 3;

    /// Who named the tensors.
    enum Layout {
        TRANSFORMERS("vision_model.encoder.layers.0.layer_norm1.weight"),
        OPEN_CLIP("visual.transformer.resblocks.0.attn.in_proj_weight"),
        WAN("visual.transformer.0.attn.to_qkv.weight");

        private final String sign;

        Layout(String sign) {
            this.sign = sign;
        }
    }

    /// @throws UnsupportedCheckpointException when it is no such file; says what it is
    static ClipVisionKeys of(Checkpoint file) {
        for (Layout layout : Layout.values()) {
            if (file.contains(layout.sign)) {
                return new ClipVisionKeys(file, layout);
            }
        }
        throw new UnsupportedCheckpointException(
                file.source(),
                ModelFamily.describe(file) + "; accepted is a CLIP or SigLIP vision encoder such as"
                        + " clip_vision_h.safetensors or sigclip_vision_patch14_384.safetensors");
    }

    /// @return prefix of the tensors of a layer
    static String layer(int index) {
        return LAYERS + index + ".";
    }

    /// Where a tensor is: a whole one, or one third of the rows.
    private record Place(String name, int third) {}

    private Place place(String name) {
        if (layout == Layout.TRANSFORMERS) {
            return new Place(name, -1);
        }
        if (!name.startsWith(LAYERS)) {
            return new Place(outside(name), -1);
        }
        int dot = name.indexOf('.', LAYERS.length());
        String block = (layout == Layout.WAN ? "visual.transformer." : "visual.transformer.resblocks.")
                + name.substring(LAYERS.length(), dot + 1);
        int last = name.lastIndexOf('.');
        String kind = name.substring(last);
        String part = name.substring(dot + 1, last);
        return switch (part) {
            case "self_attn.q_proj" -> new Place(block + fused(kind), 0);
            case "self_attn.k_proj" -> new Place(block + fused(kind), 1);
            case "self_attn.v_proj" -> new Place(block + fused(kind), 2);
            default -> new Place(block + inLayer(part) + kind, -1);
        };
    }

    private String fused(String kind) {
        return layout == Layout.WAN ? "attn.to_qkv" + kind : "attn.in_proj_" + kind.substring(1);
    }

    private String inLayer(String part) {
        boolean wan = layout == Layout.WAN;
        return switch (part) {
            case "layer_norm1" -> wan ? "norm1" : "ln_1";
            case "layer_norm2" -> wan ? "norm2" : "ln_2";
            case "self_attn.out_proj" -> wan ? "attn.proj" : "attn.out_proj";
            case "mlp.fc1" -> wan ? "mlp.0" : "mlp.c_fc";
            case "mlp.fc2" -> wan ? "mlp.2" : "mlp.c_proj";
            default -> part;
        };
    }

    private String outside(String name) {
        boolean wan = layout == Layout.WAN;
        return switch (name) {
            case CLASS -> wan ? "visual.cls_embedding" : "visual.class_embedding";
            case PATCHES -> wan ? "visual.patch_embedding.weight" : "visual.conv1.weight";
            case POSITIONS -> wan ? "visual.pos_embedding" : "visual.positional_embedding";
            default ->
                name.startsWith(FIRST_NORM)
                        ? (wan ? "visual.pre_norm." : "visual.ln_pre.") + name.substring(FIRST_NORM.length())
                        : name;
        };
    }

    @Override
    public boolean contains(String name) {
        return file.contains(place(name).name);
    }

    @Override
    public Shape shape(String name) {
        Place place = place(name);
        Shape shape = file.shape(place.name);
        long[] dims = shape.toArray();
        if (place.third >= 0) {
            dims[0] /= FUSED;
        }
        // Wan keeps the embeddings with leading axes of 1.
        int kept = name.equals(CLASS) ? 1 : name.equals(POSITIONS) ? 2 : dims.length;
        int leading = Math.max(0, dims.length - kept);
        return Shape.of(Arrays.copyOfRange(dims, leading, dims.length));
    }

    @Override
    public Tensor tensor(String name) {
        Place place = place(name);
        Tensor whole = file.tensor(place.name);
        Shape shape = shape(name);
        long bytes = whole.dtype().byteSize(shape.elements());
        return new Tensor(whole.dtype(), shape, whole.data().asSlice(Math.max(0, place.third) * bytes, bytes));
    }

    @Override
    public long storedBytes(String name) {
        Place place = place(name);
        return file.storedBytes(place.name) / (place.third < 0 ? 1 : FUSED);
    }

    @Override
    public Checkpoint beneath() {
        return file;
    }

    @Override
    public String nameBeneath(String name) {
        return place(name).name;
    }
}
