package dev.quantreel.engines.quant;

/// Whole methods of papers, weights and activations together, as plans.
public enum PublishedMethod {
    /// BGR and ARQ.
    DVD_QUANT("DVD-Quant"),
    /// Random-sign Hadamard, symmetric weights by clip search, tokens clipped at 0.9.
    QUAROT("QuaRot"),
    /// Regular Hadamard in blocks of 256, symmetric on both sides.
    CONVROT("ConvRot"),
    /// Permuted Hadamard, Lloyd-Max values on both sides; weights of 2 to 6 bits.
    ORBIT_QUANT("OrbitQuant"),
    /// Static-dynamic balancing (smoothing, then a random-sign Hadamard rotation; the weight is quantized once, behind
    /// both), asymmetric on both sides, the MLP at 8 bits ([LayerRule#metricDecoupled]).
    VIDIT_Q("ViDiT-Q"),
    /// Smoothing searched per input, a 16-bit branch of rank 32, the rest symmetric in groups of 64, as activations
    /// are; those that come out of a GELU are unsigned.
    SVD_QUANT("SVDQuant"),
    /// Self-calibrated smoothing of strength 0.5, symmetric on both sides.
    SMOOTH_QUANT("SmoothQuant"),
    /// Round to nearest on both sides, asymmetric: the baseline of all papers.
    MIN_MAX("MinMax");

    /// Rank of SVDQuant's branch.
    public static final int SVD_RANK = 32;

    private static final int ROTATED_CHANNELS = 256;
    private static final int GROUP = 64;
    private static final int SVD_TURNS = 10;
    private static final int CANDIDATES = 20;
    private static final double SMOOTHING = 0.5;

    /// ViDiT-Q's published configurations for video have 0.11 and 0.12.
    private static final double BALANCING = 0.12;

    private final String title;

    PublishedMethod(String title) {
        this.title = title;
    }

    /// As its paper calls it.
    public String title() {
        return title;
    }

    @Override
    public String toString() {
        return title;
    }

    /// Whether [ActivationStatistics] are needed, which the model makes itself.
    public boolean needsStatistics() {
        return smoothing().needsStatistics();
    }

    /// The plan; one of a method that [#needsStatistics] gets no [StatisticsPlan] here.
    ///
    /// @param weightBits 2 to 8
    /// @throws IllegalArgumentException when the method has no such weights
    public QuantizationPlan plan(int weightBits) {
        return new QuantizationPlan(weights(weightBits), inputs(), layers());
    }

    private WeightPlan weights(int bits) {
        return switch (this) {
            case MIN_MAX, VIDIT_Q -> new WeightPlan(new WeightQuantizer.MinMax(), bits);
            case DVD_QUANT -> new WeightPlan(new WeightQuantizer.Bgr(), bits);
            case SMOOTH_QUANT, CONVROT -> new WeightPlan(new WeightQuantizer.Symmetric(), bits);
            case QUAROT -> new WeightPlan(new WeightQuantizer.Symmetric(true), bits);
            case ORBIT_QUANT -> new WeightPlan(new WeightQuantizer.LloydMaxRows(), bits);
            case SVD_QUANT ->
                new WeightPlan(new WeightQuantizer.Symmetric(), bits, new Granularity.PerGroup(GROUP))
                        .with(new BranchPlan.LowRank(SVD_RANK, SVD_TURNS));
        };
    }

    private InputPlan inputs() {
        return new InputPlan(smoothing(), rotation(), activations());
    }

    private SmoothingPlan smoothing() {
        return switch (this) {
            case SMOOTH_QUANT -> new SmoothingPlan.FromStatistics(SMOOTHING);
            case VIDIT_Q -> new SmoothingPlan.FromStatistics(BALANCING);
            case SVD_QUANT -> new SmoothingPlan.Searched(CANDIDATES);
            case MIN_MAX, DVD_QUANT, QUAROT, CONVROT, ORBIT_QUANT -> new SmoothingPlan.None();
        };
    }

    private RotationPlan rotation() {
        return switch (this) {
            case DVD_QUANT, QUAROT, VIDIT_Q -> new RotationPlan.Hadamard(ROTATED_CHANNELS, 0);
            case CONVROT -> new RotationPlan.Regular(ROTATED_CHANNELS);
            case ORBIT_QUANT -> new RotationPlan.Permuted(0);
            case MIN_MAX, SMOOTH_QUANT, SVD_QUANT -> new RotationPlan.None();
        };
    }

    private ActivationQuantizer activations() {
        return switch (this) {
            case MIN_MAX, VIDIT_Q -> new ActivationQuantizer.TokenAsymmetric();
            case DVD_QUANT -> new ActivationQuantizer.Auto();
            case QUAROT -> new ActivationQuantizer.Token(new ClipRatios(0.9f, 0.9f, 0.9f));
            case SMOOTH_QUANT, CONVROT -> new ActivationQuantizer.Token(ClipRatios.NONE);
            case ORBIT_QUANT -> new ActivationQuantizer.Centroids();
            case SVD_QUANT ->
                new ActivationQuantizer.GeluAware(new ActivationQuantizer.BlockExact(GROUP, ClipRatios.NONE), GROUP);
        };
    }

    private LayerRule layers() {
        return this == VIDIT_Q
                ? new LayerRule("", LayerRule.Edge.NONE, LayerRule.Edge.NONE, LayerRule.metricDecoupled())
                : LayerRule.ALL;
    }
}
