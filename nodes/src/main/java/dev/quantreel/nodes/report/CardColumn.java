package dev.quantreel.nodes.report;

import dev.quantreel.engines.vbench.VBenchDimension;
import dev.quantreel.nodes.measure.Figures;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// A column of a report card.
///
/// @param label for people
/// @param key in files
/// @param decimals shown
/// @param better which figures are good
/// @param main whether the short table has it
/// @param value of a generation
record CardColumn(
        String label, String key, int decimals, Better better, boolean main, ToDoubleFunction<Figures> value) {

    private static final double GIB = 1L << 30;
    private static final int PERCENT = 100;

    static final CardColumn PSNR = main("PSNR dB", "psnrDb", 2, Better.LARGER, figures -> figures.clip()
            .fidelity()
            .psnr());
    static final CardColumn SSIM = main("SSIM", "ssim", 4, Better.LARGER, figures -> figures.clip()
            .fidelity()
            .ssim());
    static final CardColumn GMSD = main("GMSD", "gmsd", 4, Better.SMALLER, figures -> figures.clip()
            .fidelity()
            .gradientDeviation());
    static final CardColumn TEACHER_FORCED =
            main("tf rel-L2", "teacherForced", 4, Better.SMALLER, figures -> figures.errors()
                    .meanTeacherForced());
    static final CardColumn FINAL = main("final rel-L2", "finalLatent", 3, Better.SMALLER, figures -> figures.errors()
            .finalLatent());

    /// Those that every card has.
    static final List<CardColumn> ALL = List.of(
            PSNR,
            more("PSNR of clip dB", "psnrOfClipDb", 2, Better.LARGER, figures -> figures.clip()
                    .fidelity()
                    .psnrOfClip()),
            SSIM,
            more("MS-SSIM", "multiScaleSsim", 4, Better.LARGER, figures -> figures.clip()
                    .fidelity()
                    .multiScaleSsim()),
            main("VAE features", "featureDistance", 4, Better.SMALLER, figures -> figures.clip()
                    .fidelity()
                    .featureDistance()),
            GMSD,
            more("ΔE", "labDistance", 2, Better.SMALLER, figures -> figures.clip()
                    .fidelity()
                    .labDistance()),
            more("PSNR of motion dB", "frameDifferencePsnrDb", 2, Better.LARGER, figures -> figures.clip()
                    .time()
                    .frameDifferencePsnr()),
            main("flicker Δ", "flickerDelta", 5, Better.SMALLER, figures -> figures.clip()
                    .time()
                    .flickerDelta()),
            main("TMD-KL", "temporalDivergence", 7, Better.SMALLER, figures -> figures.clip()
                    .time()
                    .temporalDivergence()),
            more("consistency Δ", "consistencyDelta", 5, Better.SMALLER, figures -> figures.clip()
                    .time()
                    .consistencyDelta()),
            more("ΔFlow", "flowDelta", 3, Better.SMALLER, figures -> figures.clip()
                    .time()
                    .flowDelta()),
            more("warping ratio", "warpingRatio", 2, Better.NEAR_ONE, figures -> figures.clip()
                    .time()
                    .warpingRatio()),
            main("HF ratio", "highFrequencyRatio", 2, Better.NEAR_ONE, figures -> figures.clip()
                    .collapse()
                    .highFrequencyRatio()),
            more("spectrum Δ", "spectrumSlopeDelta", 3, Better.NEAR_ZERO, figures -> figures.clip()
                    .collapse()
                    .spectrumSlopeDelta()),
            main("colour", "colourDistance", 4, Better.SMALLER, figures -> figures.clip()
                    .collapse()
                    .colourDistance()),
            TEACHER_FORCED,
            more("tf rel-L1", "teacherForcedL1", 4, Better.SMALLER, figures -> figures.errors()
                    .meanTeacherForcedL1()),
            more("tf cosine", "teacherForcedCosine", 5, Better.LARGER, figures -> figures.errors()
                    .meanTeacherForcedCosine()),
            FINAL,
            main("latent σ ratio", "latentStdRatio", 3, Better.NEAR_ONE, figures -> figures.latents()
                    .finalStdRatio()),
            more(
                    "NaN",
                    "notFinite",
                    0,
                    Better.SMALLER,
                    figures -> figures.latents().notFinite()
                            + figures.clip().collapse().notFinite()),
            main("A bits", "activationBits", 2, Better.SMALLER, figures -> figures.cost()
                    .activationBits()),
            main("eff. W bits", "weightBits", 2, Better.SMALLER, figures -> figures.cost()
                    .weightBits()),
            main(
                    "GiB",
                    "weightGib",
                    4,
                    Better.SMALLER,
                    figures -> figures.cost().weightBytes() / GIB),
            main("s/step", "secondsPerStep", 4, Better.SMALLER, figures -> figures.cost()
                    .secondsPerStep()));

    /// Which figures of a column are good.
    enum Better {
        LARGER,
        SMALLER,
        /// A ratio to the reference's.
        NEAR_ONE,
        /// A difference to the reference's.
        NEAR_ZERO
    }

    private static CardColumn main(
            String label, String key, int decimals, Better better, ToDoubleFunction<Figures> value) {
        return new CardColumn(label, key, decimals, better, true, value);
    }

    private static CardColumn more(
            String label, String key, int decimals, Better better, ToDoubleFunction<Figures> value) {
        return new CardColumn(label, key, decimals, better, false, value);
    }

    /// A learned dimension of VBench, in percent as its leaderboard has it.
    static CardColumn of(VBenchDimension dimension) {
        return main(
                dimension.label() + " %",
                "vbench_" + dimension.label().replace(' ', '_'),
                2,
                Better.LARGER,
                figures -> PERCENT * figures.clip().vbench().getOrDefault(dimension, Double.NaN));
    }

    /// How far a figure is from the best one; less is better.
    double distance(double figure) {
        return switch (better) {
            case LARGER -> -figure;
            case SMALLER -> figure;
            case NEAR_ONE -> Math.abs(figure - 1);
            case NEAR_ZERO -> Math.abs(figure);
        };
    }

    CardFigures.Spread spread(CardFigures.Row row) {
        return CardFigures.Spread.of(row.scenes().stream()
                .mapToDouble(scene -> value.applyAsDouble(scene.figures()))
                .toArray());
    }

    String shown(double number) {
        return Double.isNaN(number) ? "-" : String.format(Locale.ROOT, "%." + decimals + "f", number);
    }
}
