package dev.quantreel.engines.recognition;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Tells video autoencoders apart by names and shapes (models.md 2). A TAEHV file says how many channels its latents
/// have, but not of which model they are; its usual name does.
final class VaeSigns {

    private static final List<String> PREFIXES = List.of("", "vae.", "first_stage_model.");

    private VaeSigns() {}

    static Optional<ModelCard> recognise(CheckpointFile file) {
        return PREFIXES.stream()
                .map(prefix -> family(file, prefix).map(found -> card(file, prefix, found)))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /// @param title of the family
    /// @param spaces which latents it may decode
    private record Found(String title, String layout, Set<LatentSpace> spaces) {}

    private static ModelCard card(CheckpointFile file, String prefix, Found found) {
        return new ModelCard(
                ModelCard.Kind.VAE,
                found.title,
                "",
                found.layout,
                Recognisers.parameters(file, name -> name.startsWith(prefix)),
                new ModelCard.Fits(found.spaces, List.of()));
    }

    private static Optional<Found> family(CheckpointFile file, String prefix) {
        if (file.contains(prefix + "decoder.1.weight") && file.contains(prefix + "decoder.22.weight")) {
            return Optional.of(taehv(file, prefix));
        }
        if (file.contains(prefix + "decoder.middle.0.residual.0.gamma")) {
            return wan(file, prefix + "conv2.weight", "original");
        }
        if (file.contains(prefix + "decoder.mid_block.attentions.0.to_q.weight")
                && file.contains(prefix + "decoder.norm_out.gamma")) {
            return hunyuan(file, prefix + "decoder.conv_in.conv.weight", "diffusers");
        }
        if (file.contains(prefix + "decoder.mid_block.resnets.0.norm1.gamma")) {
            return wan(file, prefix + "post_quant_conv.weight", "diffusers");
        }
        if (file.contains(prefix + "decoder.mid_block.resnets.0.norm1.conv_y.conv.weight")) {
            return Optional.of(new Found("CogVideoX VAE", "diffusers", Set.of(LatentSpace.COG_VIDEO_X)));
        }
        if (file.contains(prefix + "per_channel_statistics.std-of-means")
                || file.contains(prefix + "latents_std") && file.contains(prefix + "decoder.conv_in.conv.weight")) {
            return Optional.of(new Found("LTX-Video VAE", "", Set.of(LatentSpace.LTX_VIDEO)));
        }
        if (file.contains(prefix + "decoder.mid_block.resnets.0.conv1.conv.weight")) {
            return hunyuan(file, prefix + "decoder.conv_in.conv.weight", "diffusers");
        }
        if (file.contains(prefix + "decoder.mid.block_1.conv1.conv.weight")) {
            return hunyuan(file, prefix + "decoder.conv_in.conv.weight", "ComfyUI");
        }
        if (file.contains(prefix + "decoder.conv_in.weight") && rank(file, prefix + "decoder.conv_in.weight") == 4) {
            return Optional.of(new Found("Stable Diffusion VAE", "", Set.of(LatentSpace.STABLE_DIFFUSION)));
        }
        return Optional.empty();
    }

    private static Found taehv(CheckpointFile file, String prefix) {
        long channels = extent(file, prefix + "decoder.1.weight", 1);
        Set<LatentSpace> possible = Stream.of(LatentSpace.values())
                .filter(space -> space.channels() == channels)
                .collect(Collectors.toSet());
        String name = file.path().getFileName().toString().toLowerCase(Locale.ROOT);
        Set<LatentSpace> named = Stream.of(
                        new Named("taew2_1", LatentSpace.WAN_21),
                        new Named("taew2_2", LatentSpace.WAN_22),
                        new Named("taehv1_5", LatentSpace.HUNYUAN_VIDEO_15),
                        new Named("taehv.", LatentSpace.HUNYUAN_VIDEO),
                        new Named("taecvx", LatentSpace.COG_VIDEO_X))
                .filter(usual -> name.startsWith(usual.prefix) && possible.contains(usual.space))
                .map(Named::space)
                .collect(Collectors.toSet());
        return new Found("TAEHV, " + channels + " channels", "", named.isEmpty() ? possible : named);
    }

    private record Named(String prefix, LatentSpace space) {}

    private static Optional<Found> wan(CheckpointFile file, String convolution, String layout) {
        long channels = file.contains(convolution) ? extent(file, convolution, 0) : LatentSpace.WAN_21.channels();
        return Optional.of(
                channels == LatentSpace.WAN_22.channels()
                        ? new Found("Wan 2.2 VAE", layout, Set.of(LatentSpace.WAN_22))
                        : new Found("Wan 2.1 VAE", layout, Set.of(LatentSpace.WAN_21)));
    }

    private static Optional<Found> hunyuan(CheckpointFile file, String convolution, String layout) {
        long channels = extent(file, convolution, 1);
        return Optional.of(
                channels == LatentSpace.HUNYUAN_VIDEO_15.channels()
                        ? new Found("HunyuanVideo 1.5 VAE", layout, Set.of(LatentSpace.HUNYUAN_VIDEO_15))
                        : new Found("HunyuanVideo VAE", layout, Set.of(LatentSpace.HUNYUAN_VIDEO)));
    }

    private static int rank(CheckpointFile file, String name) {
        return file.shape(name).rank();
    }

    private static long extent(CheckpointFile file, String name, int axis) {
        Shape shape = file.contains(name) ? file.shape(name) : Shape.of();
        return axis < shape.rank() ? shape.dim(axis) : 0;
    }
}
