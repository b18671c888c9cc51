package dev.quantreel.engines.lora;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DamagedCheckpointException;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// A LoRA for a diffusion transformer, whoever trained it: kohya (`lora_unet_..._q.lora_down.weight`, `alpha`),
/// diffusers and PEFT (`transformer....to_q.lora_A.weight`), lightx2v and ComfyUI
/// (`diffusion_model....q.lora_down.weight`, and `diff`, `diff_b` for what they change in full). The open file
/// belongs to the caller.
public final class LoraFile {

    private final Checkpoint file;
    private final SequencedMap<String, LoraDelta> deltas;
    private final boolean underscored;

    private LoraFile(Checkpoint file, SequencedMap<String, LoraDelta> deltas, boolean underscored) {
        this.file = file;
        this.deltas = Collections.unmodifiableSequencedMap(deltas);
        this.underscored = underscored;
    }

    /// Whether a file is an adapter of any kind rather than a model.
    public static boolean looksLikeOne(Checkpoint file) {
        return file.names().stream()
                .anyMatch(name -> LoraKey.otherKind(name).isPresent()
                        || LoraKey.of(name)
                                .filter(key -> key.role() == LoraKey.Role.UP || key.role() == LoraKey.Role.DIFF)
                                .isPresent());
    }

    /// Reads what a file changes.
    ///
    /// @throws UnsupportedCheckpointException when it is no LoRA, another kind of adapter, or halves of a pair are
    /// missing or do not fit each other
    public static LoraFile of(Checkpoint file) {
        Map<String, Parts> parts = new LinkedHashMap<>();
        int underscored = 0;
        for (String name : file.names()) {
            if (LoraKey.isOfTextEncoder(name)) {
                continue;
            }
            LoraKey.otherKind(name).ifPresent(kind -> {
                throw new UnsupportedCheckpointException(
                        file.source(),
                        "this is " + kind + " (tensor " + name + "), which is not supported; accepted are LoRAs with"
                                + " lora_down/lora_up or lora_A/lora_B, and diff");
            });
            LoraKey key = LoraKey.of(name)
                    .orElseThrow(() -> new UnsupportedCheckpointException(
                            file.source(),
                            "tensor " + name + " is no part of a LoRA; accepted are lora_down/lora_up, lora_A/lora_B,"
                                    + " alpha, diff and diff_b"));
            parts.computeIfAbsent(key.target(), target -> new Parts()).put(key.role(), name);
            underscored += key.underscored() ? 1 : 0;
        }
        SequencedMap<String, LoraDelta> deltas = new LinkedHashMap<>();
        parts.forEach((target, found) -> found.delta(file, target).ifPresent(delta -> deltas.put(target, delta)));
        if (deltas.isEmpty()) {
            throw new UnsupportedCheckpointException(file.source(), "this LoRA changes no tensor of a transformer");
        }
        return new LoraFile(file, deltas, underscored > 0);
    }

    /// The tensors of a file that change one tensor of the model.
    private static final class Parts {
        private String up = "";
        private String down = "";
        private String alpha = "";
        private String diff = "";

        void put(LoraKey.Role role, String name) {
            switch (role) {
                case UP -> up = name;
                case DOWN -> down = name;
                case ALPHA -> alpha = name;
                case DIFF -> diff = name;
            }
        }

        Optional<LoraDelta> delta(Checkpoint file, String target) {
            if (!diff.isEmpty()) {
                Shape shape = file.shape(diff);
                return Optional.of(new LoraDelta.Full(diff, LoraDelta.rows(shape), LoraDelta.columns(shape)));
            }
            if (up.isEmpty() && down.isEmpty()) {
                return Optional.empty();
            }
            if (up.isEmpty() || down.isEmpty()) {
                throw new DamagedCheckpointException(
                        file.source(),
                        "of the pair that changes " + target + " only " + (up.isEmpty() ? down : up)
                                + " is there; the file is incomplete");
            }
            Shape left = file.shape(up);
            Shape right = file.shape(down);
            long rank = LoraDelta.columns(left);
            if (left.rank() < 2 || right.rank() < 2 || rank != right.dim(0) || rank == 0) {
                throw new DamagedCheckpointException(
                        file.source(),
                        up + " " + left + " and " + down + " " + right + " share no rank; the file is damaged");
            }
            double scale = alpha.isEmpty() ? rank : Conversions.toFloatArray(file.tensor(alpha))[0];
            return Optional.of(new LoraDelta.LowRank(
                    up, down, left.dim(0), LoraDelta.columns(right), Math.toIntExact(rank), scale));
        }
    }

    /// Changes by changed tensor, as the file names it.
    SequencedMap<String, LoraDelta> deltas() {
        return deltas;
    }

    /// Whether tensors are named with `_` for `.`.
    boolean underscored() {
        return underscored;
    }

    Checkpoint file() {
        return file;
    }

    /// File name.
    public String source() {
        return file.source();
    }

    /// How many tensors of a model it changes.
    public int size() {
        return deltas.size();
    }

    /// Largest rank.
    public int rank() {
        return deltas.values().stream()
                .mapToInt(delta -> delta instanceof LoraDelta.LowRank lowRank ? lowRank.rank() : 0)
                .max()
                .orElse(0);
    }

    /// Content of the file.
    public String digest() {
        return file.digest();
    }
}
