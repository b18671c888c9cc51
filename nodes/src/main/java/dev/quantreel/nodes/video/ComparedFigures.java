package dev.quantreel.nodes.video;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.metrics.BlockMotion;
import dev.quantreel.engines.metrics.ClipFigures;
import dev.quantreel.engines.metrics.FrameConsistency;
import dev.quantreel.engines.metrics.VideoComparison;
import dev.quantreel.engines.vae.VaeFeatures;
import java.util.Locale;
import java.util.Optional;

/// The figures of two clips as table and JSON.
///
/// @param features distance by a VAE's encoder, where there is one
record ComparedFigures(VideoComparison figures, Optional<VaeFeatures.Distance> features) {

    /// @param candidate caption of the clip that is judged
    String table(String candidate) {
        TextTable table = new TextTable("figure", candidate, "reference", "unit");
        addFidelity(table);
        addMotion(table);
        addCollapse(table);
        return table.toString();
    }

    private void addFidelity(TextTable table) {
        compared(table, "PSNR, mean of frames", "%.2f", figures.psnr().ofFrames(), "dB");
        compared(table, "PSNR, whole clip", "%.2f", figures.psnr().ofClip(), "dB");
        compared(table, "SSIM", "%.4f", figures.ssim().mean(), "1 is equal");
        compared(table, "SSIM over five scales", "%.4f", figures.multiScaleSsim(), "1 is equal; from 176 x 176 pixels");
        features.ifPresent(distance -> compared(table, "VAE features", "%.4f", distance.mean(), "0 is equal"));
        compared(table, "gradient similarity (GMSD)", "%.4f", figures.gradientDeviation(), "0 is equal");
        compared(table, "difference of colours (ΔE)", "%.2f", figures.labDistance(), "0 is equal, CIE 1976");
        compared(table, "distance of colours", "%.4f", figures.colourDistance(), "0 is equal, histograms");
    }

    private void addMotion(TextTable table) {
        ClipFigures own = figures.test();
        ClipFigures ideal = figures.reference();
        FrameConsistency likeness = own.consistency();
        FrameConsistency best = ideal.consistency();
        BlockMotion motion = own.motion();
        BlockMotion still = ideal.motion();
        String cosine = "cosine, 8 times smaller";
        compared(table, "PSNR of frame differences", "%.2f", figures.frameDifferencePsnr(), "dB");
        compared(table, "temporal divergence (TMD)", "%.3g", figures.maintenanceDivergence(), "0 is equal");
        both(table, "flicker score", "%.4f", own.flicker(), ideal.flicker(), "1 is still");
        both(table, "likeness to first frame", "%.4f", likeness.first(), best.first(), cosine);
        both(table, "likeness to frame before", "%.4f", likeness.adjacent(), best.adjacent(), cosine);
        both(table, "motion (blocks)", "%.2f", motion.meanLength(), still.meanLength(), "pixels a frame");
        compared(table, "ΔFlow", "%.3f", figures.flowDelta(), "0 is equal");
        both(table, "warping error", "%.3g", motion.warpingError(), still.warpingError(), "what motion leaves");
    }

    private void addCollapse(TextTable table) {
        ClipFigures own = figures.test();
        ClipFigures ideal = figures.reference();
        String slope = "-2 photograph, 0 noise";
        compared(table, "high-frequency energy", "%.2f", figures.highFrequencyRatio(), "× reference");
        both(table, "slope of the spectrum", "%.2f", own.spectrumSlope(), ideal.spectrumSlope(), slope);
        both(table, "values that are no numbers", "%.0f", own.notFinite(), ideal.notFinite(), "");
    }

    private static void compared(TextTable table, String label, String format, double value, String unit) {
        table.row(label, number(format, value), "", unit);
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // a row of the table
    private static void both(TextTable table, String label, String format, double own, double ideal, String unit) {
        table.row(label, number(format, own), number(format, ideal), unit);
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
    }

    ObjectNode json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("psnrMeanOfFramesDb", figures.psnr().ofFrames());
        root.put("psnrWholeClipDb", figures.psnr().ofClip());
        root.put("ssim", figures.ssim().mean());
        putNumber(root, "multiScaleSsim", figures.multiScaleSsim());
        features.ifPresent(distance -> {
            root.put("featureDistance", distance.mean());
            distance.levels().forEach(root.putArray("featureDistancePerLevel")::add);
        });
        root.put("gradientDeviation", figures.gradientDeviation());
        root.put("labDistance", figures.labDistance());
        root.put("colourDistance", figures.colourDistance());
        root.put("frameDifferencePsnrDb", figures.frameDifferencePsnr());
        root.put("temporalDivergence", figures.maintenanceDivergence());
        put(root, "Reference", figures.reference());
        put(root, "Candidate", figures.test());
        putNumber(root, "flowDelta", figures.flowDelta());
        putNumber(root, "warpingRatio", figures.warpingRatio());
        var perFrame = root.putArray("psnrPerFrameDb");
        figures.psnr().perFrame().forEach(perFrame::add);
        return root;
    }

    private static void put(ObjectNode root, String whose, ClipFigures clip) {
        root.put("flicker" + whose, clip.flicker());
        root.put("consistencyFirst" + whose, clip.consistency().first());
        root.put("consistencyAdjacent" + whose, clip.consistency().adjacent());
        root.put("motionPixels" + whose, clip.motion().meanLength());
        root.put("warpingError" + whose, clip.motion().warpingError());
        root.put("highFrequency" + whose, clip.highFrequency());
        putNumber(root, "spectrumSlope" + whose, clip.spectrumSlope());
        root.put("notFinite" + whose, clip.notFinite());
    }

    /// JSON knows no NaN.
    private static void putNumber(ObjectNode root, String name, double value) {
        if (Double.isFinite(value)) {
            root.put(name, value);
        }
    }
}
