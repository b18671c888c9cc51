package dev.quantreel.nodes.video;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.metrics.Ssim;
import dev.quantreel.engines.metrics.VideoComparison;
import dev.quantreel.engines.vae.VaeFeatures;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoOptions;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TileCheck;
import dev.quantreel.nodes.values.VideoDecoder;
import java.util.List;
import java.util.Optional;

/// Compares two clips of the same prompt and seed.
@NodeType(
        id = "CompareVideos",
        title = "Compare Videos",
        category = "video/compare",
        description =
                "Measures how far a clip is from a reference of the same prompt and seed, on decoded frames before"
                        + " any encoder: PSNR in both usual definitions, SSIM, GMSD, colours, PSNR of frame differences, flicker,"
                        + " temporal divergence (TMD), likeness of frames, motion by block matching, and what gives noise away:"
                        + " high-frequency energy, slope of the spectrum, values that are no numbers. With a VAE that has an"
                        + " encoder, also the distance of its features. Also makes a video of both side"
                        + " by side with a heat map of their difference. The figures are saved as JSON.",
        output = true,
        aliases = {"PSNR", "SSIM", "difference", "side by side", "metrics", "heat map"})
public final class CompareVideos implements Node<CompareVideos.Inputs, CompareVideos.Outputs> {

    /// See [CompareVideos].
    public record Inputs(
            @In(help = "The clip to compare with, usually from the full-precision model.")
            Pictures reference,

            @In(help = "The clip to judge, from the same prompt, seed and size.")
            Pictures candidate,

            @In(help = "Caption of the reference in the side-by-side video.", initial = "full precision")
            String referenceLabel,

            @In(help = "Caption of the candidate in the side-by-side video.", initial = "quantized")
            String candidateLabel,

            @In(
                    help =
                            "Factor by which differences are amplified in the heat map: with 4, a difference of a quarter"
                                    + " of the range is brightest.",
                    initial = "4",
                    min = 0.1,
                    max = 100,
                    step = 0.5)
            double gain,

            @In(help = "Name of the JSON file below the output folder.", initial = "compare/quantreel")
            String filenamePrefix,

            @In(
                    help =
                            "VAE with an encoder, whose features tell how alike both look; small decoders (TAEHV) have none.")
            Optional<VideoDecoder> vae) {}

    /// See [CompareVideos].
    public record Outputs(
            @Out(help = "Reference, candidate and heat map side by side with captions.")
            Pictures sideBySide,

            @Out(help = "Heat map of the difference at the size of the clips.")
            Pictures difference,

            @Out(help = "PSNR, mean over the frames, dB.") double psnr,

            @Out(help = "SSIM, mean over the frames; 1 for equal clips.")
            double ssim,

            @Out(help = "All figures as a table.") String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        Frames reference = in.reference().frames();
        Frames candidate = in.candidate().frames();
        requireComparable(reference, candidate);
        VideoComparison figures = VideoComparison.of(reference, candidate);
        ComparedFigures compared = new ComparedFigures(figures, features(in, context));
        String table = compared.table(in.candidateLabel());
        ObjectNode json = compared.json();
        json.put("reference", in.referenceLabel()).put("candidate", in.candidateLabel());
        ResultFiles.of(in.filenamePrefix(), context).json(json);
        context.show(new UiItem.Text(table));
        context.status(table);
        Frames heat = ClipPainter.difference(reference, candidate, in.gain());
        String heatCaption = "difference × " + TextTable.number(in.gain());
        Frames row = ClipPainter.row(
                List.of(
                        new ClipPainter.Panel(in.referenceLabel(), reference),
                        new ClipPainter.Panel(in.candidateLabel(), candidate),
                        new ClipPainter.Panel(heatCaption, heat)),
                VideoOptions.viewableScale(reference));
        return new Outputs(
                new Pictures(row),
                new Pictures(heat),
                figures.psnr().ofFrames(),
                figures.ssim().mean(),
                table);
    }

    private static Optional<VaeFeatures.Distance> features(Inputs in, NodeContext context) throws Exception {
        if (in.vae().isEmpty()) {
            return Optional.empty();
        }
        Optional<VaeFeatures.Distance> distance = in.vae()
                .get()
                .featureDistance(
                        in.reference().frames(),
                        in.candidate().frames(),
                        new TileCheck.Ports("candidate", ""),
                        context);
        if (distance.isEmpty()) {
            throw new NodeInputException(
                    "vae", "has no encoder that can take these frames; accepted is a VAE such as wan_2.1_vae, or none");
        }
        return distance;
    }

    private static void requireComparable(Frames reference, Frames candidate) {
        if (!reference.rgb().shape().equals(candidate.rgb().shape())) {
            throw new NodeInputException(
                    "candidate",
                    "has " + size(candidate) + "; accepted is the size of the reference, " + size(reference));
        }
        if (Math.min(reference.height(), reference.width()) < Ssim.WINDOW) {
            throw new NodeInputException(
                    "reference", "has " + size(reference) + "; accepted are at least 11 x 11 pixels, which SSIM needs");
        }
    }

    private static String size(Frames frames) {
        return frames.count() + " frames of " + frames.width() + " x " + frames.height() + " pixels";
    }
}
