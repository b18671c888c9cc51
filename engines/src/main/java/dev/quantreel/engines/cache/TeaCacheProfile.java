package dev.quantreel.engines.cache;

import dev.quantreel.engines.cache.StepCache.Watched;
import java.util.List;

/// What TeaCache was fitted to, model by model: a polynomial that turns the change of the watched signal into an
/// estimate of the change of the model output, and the thresholds its authors publish. Data of ali-vilab/TeaCache
/// (Apache-2.0).
public enum TeaCacheProfile implements SignalEstimate {
    /// For models without a fit: the change is taken as it is.
    IDENTITY("unknown model", Watched.TIME_EMBEDDING, false, List.of(0.0, 0.0, 0.0, 1.0, 0.0), List.of(0.1)),
    HUNYUAN_VIDEO(
            "HunyuanVideo",
            Watched.MODULATED_INPUT,
            false,
            List.of(7.33226126e+02, -4.01131952e+02, 6.75869174e+01, -3.14987800e+00, 9.61237896e-02),
            List.of(0.15, 0.10)),
    WAN_T2V_1_3B(
            "Wan2.1 T2V 1.3B",
            Watched.TIME_EMBEDDING,
            false,
            List.of(2.39676752e+03, -1.31110545e+03, 2.01331979e+02, -8.29855975e+00, 1.37887774e-01),
            List.of(0.08, 0.07, 0.05)),
    WAN_T2V_14B(
            "Wan2.1 T2V 14B",
            Watched.TIME_EMBEDDING,
            false,
            List.of(-5784.54975374, 5449.50911966, -1811.16591783, 256.27178429, -13.02252404),
            List.of(0.20, 0.15, 0.14)),
    WAN_I2V_480P(
            "Wan2.1 I2V 480P",
            Watched.TIME_EMBEDDING,
            false,
            List.of(-3.02331670e+02, 2.23948934e+02, -5.25463970e+01, 5.87348440e+00, -2.01973289e-01),
            List.of(0.26, 0.19, 0.13)),
    WAN_I2V_720P(
            "Wan2.1 I2V 720P",
            Watched.TIME_EMBEDDING,
            false,
            List.of(-114.36346466, 65.26524496, -18.82220707, 4.91518089, -0.23412683),
            List.of(0.25, 0.20, 0.18, 0.30)),
    WAN_T2V_1_3B_RET(
            "Wan2.1 T2V 1.3B, retention",
            Watched.TIME_PROJECTION,
            true,
            List.of(-5.21862437e+04, 9.23041404e+03, -5.28275948e+02, 1.36987616e+01, -4.99875664e-02),
            List.of(0.10, 0.05)),
    WAN_T2V_14B_RET(
            "Wan2.1 T2V 14B, retention",
            Watched.TIME_PROJECTION,
            true,
            List.of(-3.03318725e+05, 4.90537029e+04, -2.65530556e+03, 5.87365115e+01, -3.15583525e-01),
            List.of(0.20, 0.10)),
    WAN_I2V_480P_RET(
            "Wan2.1 I2V 480P, retention",
            Watched.TIME_PROJECTION,
            true,
            List.of(2.57151496e+05, -3.54229917e+04, 1.40286849e+03, -1.35890334e+01, 1.32517977e-01),
            List.of(0.30, 0.20)),
    WAN_I2V_720P_RET(
            "Wan2.1 I2V 720P, retention",
            Watched.TIME_PROJECTION,
            true,
            List.of(8.10705460e+03, 2.13393892e+03, -3.72934672e+02, 1.66203073e+01, -4.17769401e-02),
            List.of(0.30, 0.20)),
    COG_VIDEO_X_2B(
            "CogVideoX-2B",
            Watched.TIME_EMBEDDING,
            false,
            List.of(-3.10658903e+01, 2.54732368e+01, -5.92380459e+00, 1.75769064e+00, -3.61568434e-03),
            List.of(0.2, 0.1, 0.3)),
    COG_VIDEO_X_5B(
            "CogVideoX-5B",
            Watched.TIME_EMBEDDING,
            false,
            List.of(-1.53880483e+03, 8.43202495e+02, -1.34363087e+02, 7.97131516e+00, -5.23162339e-02),
            List.of(0.2, 0.1)),
    COG_VIDEO_X_1_5_5B(
            "CogVideoX1.5-5B",
            Watched.TIME_EMBEDDING,
            false,
            List.of(2.50210439e+02, -1.65061612e+02, 3.57804877e+01, -7.81551492e-01, 3.58559703e-02),
            List.of(0.2, 0.1, 0.3)),
    COG_VIDEO_X_1_5_5B_I2V(
            "CogVideoX1.5-5B-I2V",
            Watched.TIME_EMBEDDING,
            false,
            List.of(1.22842302e+02, -1.04088754e+02, 2.62981677e+01, -3.06009921e-01, 3.71213220e-02),
            List.of(0.2, 0.1, 0.3)),
    LTX_VIDEO(
            "LTX-Video 0.9.1",
            Watched.MODULATED_INPUT,
            false,
            List.of(2.14700694e+01, -1.28016453e+01, 2.31279151e+00, 7.92487521e-01, 9.69274326e-03),
            List.of(0.05, 0.03)),
    OPEN_SORA_1_2(
            "Open-Sora 1.2",
            Watched.MODULATED_INPUT,
            false,
            List.of(2.17546007e+02, -1.18329252e+02, 2.68662585e+01, -4.59364272e-02, 4.84426240e-02),
            List.of(0.2, 0.1)),
    OPEN_SORA_PLAN(
            "Open-Sora-Plan",
            Watched.MODULATED_INPUT,
            false,
            List.of(2.05943668e+05, -1.48759286e+04, 3.06085986e+02, 1.31418080e+00, 2.39658469e-03),
            List.of(0.2, 0.1)),
    LATTE(
            "Latte",
            Watched.MODULATED_INPUT,
            false,
            List.of(-2.46434137e+03, 3.08044764e+02, 8.07447667e+01, -4.11385132e+00, 1.11001402e-01),
            List.of(0.2, 0.1)),
    MOCHI(
            "Mochi",
            Watched.MODULATED_INPUT,
            false,
            List.of(-3.51241319e+03, 8.11675948e+02, -6.09400215e+01, 2.42429681e+00, 3.05291719e-03),
            List.of(0.09, 0.06)),
    COSMOS(
            "Cosmos",
            Watched.MODULATED_INPUT,
            false,
            List.of(2.71156237e+02, -9.19775607e+01, 2.24437250e+00, 2.08355751e+00, 1.41776330e-01),
            List.of(0.4, 0.3)),
    FLUX_1_DEV(
            "FLUX.1-dev",
            Watched.MODULATED_INPUT,
            false,
            List.of(4.98651651e+02, -2.83781631e+02, 5.58554382e+01, -3.82021401e+00, 2.64230861e-01),
            List.of(0.4, 0.25, 0.6, 0.8)),
    FLUX_KONTEXT(
            "FLUX-Kontext",
            Watched.MODULATED_INPUT,
            false,
            List.of(-1.04655119e+03, 3.12563399e+02, -1.69500694e+01, 4.10995971e-01, 3.74537863e-02),
            List.of(0.22));

    private static final int WAN_1_3B_DIM = 1536;
    private static final int WAN_14B_DIM = 5120;
    private static final int COG_5B_DIM = 3072;

    /// Latent cells of a frame half way between 832 x 480 and 1280 x 720 pixels.
    private static final long LARGEST_480P = 10_000;

    /// Steps that retention mode always computes; the original counts both guidance passes and says 10.
    private static final int RETAINED_STEPS = 5;

    private final String model;
    private final Watched watched;
    private final boolean retention;
    private final List<Double> coefficients;
    private final List<Double> thresholds;

    TeaCacheProfile(
            String model, Watched watched, boolean retention, List<Double> coefficients, List<Double> thresholds) {
        this.model = model;
        this.watched = watched;
        this.retention = retention;
        this.coefficients = coefficients;
        this.thresholds = thresholds;
    }

    @Override
    public String model() {
        return model;
    }

    @Override
    public Watched watched() {
        return watched;
    }

    /// What tells the models of a family apart.
    ///
    /// @param family id as in the facts of a transformer: `wan`, `hunyuan-video`, ...
    /// @param dim width of a token
    /// @param image whether it starts from an image whose latent is concatenated
    /// @param secondRelease whether it is CogVideoX 1.5, whose tokens span two frames
    /// @param latentCells rows times columns of a latent frame, which tells 480p from 720p
    public record Model(String family, int dim, boolean image, boolean secondRelease, long latentCells) {}

    /// The profile of a model, or [#IDENTITY] when none was published.
    ///
    /// @param retention prefer the retention mode, where the family has one
    public static TeaCacheProfile of(Model model, boolean retention) {
        return switch (model.family()) {
            case "wan" -> ofWan(model, retention);
            case "hunyuan-video" -> HUNYUAN_VIDEO;
            case "ltx-video" -> LTX_VIDEO;
            case "cogvideox" -> ofCogVideoX(model);
            case "latte" -> LATTE;
            default -> IDENTITY;
        };
    }

    /// Wan's image-to-video models of 14B come in two files for two sizes of the same architecture.
    private static TeaCacheProfile ofWan(Model model, boolean retention) {
        if (model.image()) {
            if (model.dim() != WAN_14B_DIM) {
                return IDENTITY;
            }
            boolean small = model.latentCells() <= LARGEST_480P;
            return retention ? (small ? WAN_I2V_480P_RET : WAN_I2V_720P_RET) : (small ? WAN_I2V_480P : WAN_I2V_720P);
        }
        return switch (model.dim()) {
            case WAN_1_3B_DIM -> retention ? WAN_T2V_1_3B_RET : WAN_T2V_1_3B;
            case WAN_14B_DIM -> retention ? WAN_T2V_14B_RET : WAN_T2V_14B;
            default -> IDENTITY;
        };
    }

    private static TeaCacheProfile ofCogVideoX(Model model) {
        if (model.secondRelease()) {
            return model.image() ? COG_VIDEO_X_1_5_5B_I2V : COG_VIDEO_X_1_5_5B;
        }
        return model.dim() < COG_5B_DIM ? COG_VIDEO_X_2B : COG_VIDEO_X_5B;
    }

    /// Whether this is a retention mode.
    public boolean retention() {
        return retention;
    }

    @Override
    public int retainedSteps() {
        return retention ? RETAINED_STEPS : 1;
    }

    /// In retention mode the last step may be skipped.
    @Override
    public boolean computesLastStep() {
        return !retention;
    }

    /// Degree 4, highest power first.
    @Override
    public List<Double> coefficients() {
        return coefficients;
    }

    /// Published thresholds; the first is the usual one.
    @Override
    public List<Double> thresholds() {
        return thresholds;
    }
}
