package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.ModelFamily;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/// The families of encoders, tried in order.
final class EncoderFamilies {

    private static final List<Family> FAMILIES = List.of(
            new Family(WanFamilies::encodes, WanFamilies::encoder),
            new Family(Hunyuan15Family::encodes, Hunyuan15Family::encoder),
            new Family(CogVideoXFamily::recognises, CogVideoXFamily::encoder),
            new Family(LtxFamily::encodes, LtxFamily::encoder),
            new Family(KlFamilies::encodes, KlFamilies::encoder));

    private EncoderFamilies() {}

    private record Family(Predicate<Checkpoint> recognises, Function<Checkpoint, EncoderPlan> plan) {}

    /// @throws UnsupportedCheckpointException when no family has these tensors
    static EncoderPlan plan(Checkpoint file) {
        Checkpoint checkpoint = InnerCheckpoint.vaeOf(file);
        return FAMILIES.stream()
                .filter(family -> family.recognises().test(checkpoint))
                .findFirst()
                .map(family -> family.plan().apply(checkpoint))
                .orElseThrow(
                        () -> new UnsupportedCheckpointException(
                                checkpoint.source(),
                                ModelFamily.describe(checkpoint) + " without an encoder that is supported; accepted is"
                                        + " wan_2.1_vae (for Wan 2.1 and Wan 2.2 A14B), wan2.2_vae (for Wan 2.2 TI2V-5B),"
                                        + " hunyuan_video_vae_bf16 (for HunyuanVideo), hunyuanvideo15_vae_fp16 (for"
                                        + " HunyuanVideo 1.5) or the VAEs of LTX-Video and CogVideoX; a TAEHV decoder such as taew2_1 only decodes"));
    }
}
