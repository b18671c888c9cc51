package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.ModelFamily;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/// The families of decoders, tried in order.
final class DecoderFamilies {

    private static final List<Family> FAMILIES = List.of(
            new Family(TaehvFamily::decodes, TaehvFamily::traits, TaehvFamily::decoder),
            new Family(WanFamilies::decodes, WanFamilies::traits, WanFamilies::decoder),
            new Family(Hunyuan15Family::decodes, Hunyuan15Family::traits, Hunyuan15Family::decoder),
            new Family(CogVideoXFamily::recognises, CogVideoXFamily::traits, CogVideoXFamily::decoder),
            new Family(LtxFamily::decodes, LtxFamily::traits, LtxFamily::decoder),
            new Family(KlFamilies::decodes, KlFamilies::traits, KlFamilies::decoder));

    private DecoderFamilies() {}

    private record Family(
            Predicate<Checkpoint> recognises,
            Function<Checkpoint, VaeTraits> traits,
            Function<Checkpoint, DecoderPlan> plan) {}

    /// @throws UnsupportedCheckpointException when no family has these tensors
    static DecoderPlan plan(Checkpoint file) {
        Checkpoint checkpoint = InnerCheckpoint.vaeOf(file);
        return family(checkpoint).plan().apply(checkpoint);
    }

    /// @throws UnsupportedCheckpointException when no family has these tensors
    static VaeTraits traits(Checkpoint file) {
        Checkpoint checkpoint = InnerCheckpoint.vaeOf(file);
        return family(checkpoint).traits().apply(checkpoint);
    }

    private static Family family(Checkpoint checkpoint) {
        TaehvFamily.refuseSuper(checkpoint);
        return FAMILIES.stream()
                .filter(family -> family.recognises().test(checkpoint))
                .findFirst()
                .orElseThrow(
                        () -> new UnsupportedCheckpointException(
                                checkpoint.source(),
                                ModelFamily.describe(checkpoint)
                                        + "; accepted is a decoder of TAEHV (taew2_1, taew2_2, taehv,"
                                        + " taehv1_5, taecvx), Wan 2.1 (wan_2.1_vae), Wan 2.2 (wan2.2_vae), HunyuanVideo"
                                        + " (hunyuan_video_vae_bf16), HunyuanVideo 1.5 (hunyuanvideo15_vae_fp16), LTX-Video 0.9.x or Stable Diffusion (vae-ft-mse)"));
    }
}
