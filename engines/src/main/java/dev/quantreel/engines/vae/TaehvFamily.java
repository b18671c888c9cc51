package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// The tiny decoders of madebyollin/taehv: taew2_1 (Wan 2.1), taehv (HunyuanVideo), taecvx (CogVideoX), taew2_2
/// (Wan 2.2 TI2V-5B), taehv1_5 (HunyuanVideo 1.5), and the demo model's. They take the transformer's latents as they
/// are. Those with 16 channels have equal tensors: only the file's name tells whose latents they were trained on.
final class TaehvFamily {

    private static final Pattern NAMED_HUNYUAN = Pattern.compile("taehv([-_](bf16|fp16|f16|f32|fp32))?(\\.|$)");
    private static final Pattern NAMED_COG_VIDEO_X = Pattern.compile("taecvx");
    private static final Pattern NAMED_WAN = Pattern.compile("taew");

    static final String NAME = "TAEHV decoder";

    /// Latent frames of a run after the first.
    private static final int FRAMES_PER_RUN = 4;
    /// Feature maps of the last stage that are alive at once.
    private static final double ALIVE = 8;

    private static final int SMALLEST_TILE = 256;

    private TaehvFamily() {}

    static boolean decodes(Checkpoint checkpoint) {
        return checkpoint.contains("decoder.1.weight") && checkpoint.contains("decoder.3.conv.0.weight");
    }

    /// The larger variants are built of other blocks.
    ///
    /// @throws UnsupportedCheckpointException when it is one of them
    static void refuseSuper(Checkpoint checkpoint) {
        if (checkpoint.contains("decoder.0.weight") && checkpoint.contains("decoder.1.conv.3.weight")) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(),
                    "this is a 'super' TAEHV decoder (ConvNeXt-like blocks), which is not supported; accepted is the file"
                            + " of the same name without _super");
        }
    }

    static VaeTraits traits(Checkpoint checkpoint) {
        return traits(checkpoint, TaehvConfig.of(checkpoint));
    }

    private static VaeTraits traits(Checkpoint checkpoint, TaehvConfig config) {
        return new VaeTraits(
                NAME,
                config.latentChannels(),
                new VaeTraits.Grid(config.pixelsPerCell(), config.framesPerLatent(), true),
                LatentNormalization.identity(config.latentChannels()),
                pairing(checkpoint, config));
    }

    private static VaeTraits.Pairing pairing(Checkpoint checkpoint, TaehvConfig config) {
        return switch (config.latentChannels()) {
            case 16 -> byName(checkpoint.source().toLowerCase(Locale.ROOT));
            case 32 -> VaeTraits.Pairing.of("HunyuanVideo 1.5", LatentSpace.HUNYUAN_VIDEO_15);
            case 48 -> VaeTraits.Pairing.of("Wan 2.2 TI2V-5B", LatentSpace.WAN_22);
            case 128 -> new VaeTraits.Pairing("LTX-2", Set.of(), Optional.empty());
            default ->
                new VaeTraits.Pairing(
                        "the model it was trained for", EnumSet.allOf(LatentSpace.class), Optional.empty());
        };
    }

    /// The published names. `taehv` is also the name of the architecture: only a file called by nothing else is
    /// HunyuanVideo's.
    private static VaeTraits.Pairing byName(String source) {
        String file = source.substring(Math.max(source.lastIndexOf('/'), source.lastIndexOf('\\')) + 1);
        Set<LatentSpace> spaces = EnumSet.of(LatentSpace.WAN_21, LatentSpace.HUNYUAN_VIDEO, LatentSpace.COG_VIDEO_X);
        if (NAMED_COG_VIDEO_X.matcher(file).lookingAt()) {
            return new VaeTraits.Pairing("CogVideoX", spaces, Optional.of(LatentSpace.COG_VIDEO_X));
        }
        if (NAMED_HUNYUAN.matcher(file).lookingAt()) {
            return new VaeTraits.Pairing("HunyuanVideo", spaces, Optional.of(LatentSpace.HUNYUAN_VIDEO));
        }
        return NAMED_WAN.matcher(file).lookingAt()
                ? new VaeTraits.Pairing("Wan 2.1 and Wan 2.2 A14B", spaces, Optional.of(LatentSpace.WAN_21))
                : new VaeTraits.Pairing(
                        "the model it was trained for (taew2_1: Wan 2.1, taehv: HunyuanVideo, taecvx: CogVideoX)",
                        spaces,
                        Optional.empty());
    }

    static DecoderPlan decoder(Checkpoint checkpoint) {
        TaehvConfig config = TaehvConfig.of(checkpoint);
        VaeTraits traits = traits(checkpoint, config);
        int patchPixels = config.patch() * config.patch();
        return new DecoderPlan(
                traits,
                new TimePlan.Streaming(traits.grid(), FRAMES_PER_RUN, FRAMES_PER_RUN, config.framesPerLatent() - 1),
                new DecoderPlan.Memory(
                        ALIVE * config.widths().getLast() / patchPixels,
                        DecoderPlan.Memory.Attention.NONE,
                        SMALLEST_TILE),
                arena -> new DecoderPlan.Graph(
                        TaehvGraph.build(config, new FloatWeights(checkpoint)), state(config), false));
    }

    private static List<StateInput> state(TaehvConfig config) {
        List<StateInput> state = new ArrayList<>();
        for (int stage = 0; stage < TaehvConfig.STAGES; stage++) {
            for (int block = 0; block < TaehvConfig.BLOCKS_PER_STAGE; block++) {
                int layer = TaehvConfig.block(stage, block);
                state.add(new StateInput(
                        TaehvGraph.past(layer),
                        TaehvGraph.last(layer),
                        1,
                        config.widths().get(stage),
                        1 << stage));
            }
        }
        return state;
    }
}
