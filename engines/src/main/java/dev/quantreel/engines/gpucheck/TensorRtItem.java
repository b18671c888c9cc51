package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.export.ExportFiles;
import dev.quantreel.engines.export.lint.LintReport;
import dev.quantreel.engines.export.lint.TensorRtLint;
import dev.quantreel.engines.export.lint.TensorRtTarget;
import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.gpucheck.TypedProducts.Form;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.tensorrt.BuildOptions;
import dev.quantreel.engines.runtime.tensorrt.BuildOptions.Weights;
import dev.quantreel.engines.runtime.tensorrt.CachedEngine;
import dev.quantreel.engines.runtime.tensorrt.TensorRtEngine;
import dev.quantreel.engines.runtime.tensorrt.TensorRtEngineProvider;
import dev.quantreel.engines.runtime.tensorrt.TensorRtSettings;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// TensorRT on two linears of each form: what its parser takes, what its builder fuses, what its runs give.
/// The bundle has its bindings where they were installed when it was made; the libraries are NVIDIA's.
public final class TensorRtItem implements GpuCheckItem {

    private static final Claim INT8 = new Claim(
            "int8", "TensorRT takes the row-normalised INT8 form and gives the processor's results (2e-2, BF16)");
    private static final Claim INT4 = new Claim(
            "int4", "TensorRT takes 4-bit weights in blocks (W4A16) and gives the processor's results (2e-2, BF16)");
    private static final Claim FUSED = new Claim(
            "fused",
            "Products of dequantized operands become kernels of 8 bits whose results are in BF16, FP16 and FP32");
    private static final Claim RECORDED =
            new Claim("recorded", "Runs of TensorRT recorded as CUDA graphs equal the queued one in every bit");
    private static final Claim SCRATCH = new Claim(
            "scratch",
            "Two engines of TensorRT that take turns on one scratch memory give the bits that each gives alone");
    private static final Claim STRIPPED = new Claim(
            "stripped",
            "A stripped plan is smaller by its weights, is filled from the graph, and gives the processor's results (2e-2)");

    private static final double TOLERANCE = 2e-2;
    private static final int TOKENS = 4096;
    private static final int SMALL_TOKENS = 64;
    private static final int RUNS = 4;
    private static final long CACHE_BYTES = 1L << 30;
    private static final int LEVEL = 1;

    private final Library library;

    /// Where engines come from.
    interface Library {

        /// Why there are none; empty where there are.
        Optional<String> obstacle();

        TensorRtEngine create(TensorRtSettings settings);
    }

    /// With the library of this machine.
    public TensorRtItem() {
        this(new Library() {
            @Override
            public Optional<String> obstacle() {
                return new TensorRtEngineProvider().probe() instanceof Availability.Unavailable(String reason)
                        ? Optional.of(reason)
                        : Optional.empty();
            }

            @Override
            public TensorRtEngine create(TensorRtSettings settings) {
                return new TensorRtEngineProvider().create(EngineOptions.DEFAULTS, settings);
            }
        });
    }

    TensorRtItem(Library library) {
        this.library = library;
    }

    @Override
    public String id() {
        return "tensorrt";
    }

    /// Last: the engines are built anew, and few machines have the library.
    @Override
    public int order() {
        return 100;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(150);
    }

    @Override
    public List<Claim> claims() {
        return List.of(INT8, INT4, FUSED, RECORDED, SCRATCH, STRIPPED);
    }

    private static int tokens(CheckContext context) {
        return context.small() ? SMALL_TOKENS : TOKENS;
    }

    /// All forms pass the lint, and the processor runs those that it knows.
    @Override
    public void prepare(CheckContext context) {
        for (Form form : Form.values()) {
            for (DType type : List.of(DType.F32, DType.F16, DType.BF16)) {
                TypedProducts products = new TypedProducts(form, type);
                LintReport report = TensorRtLint.check(
                        products.model(),
                        TensorRtTarget.TENSORRT_10_15,
                        Optional.of(ExportFiles.ranges(products.profile(tokens(context)))));
                if (!report.isGreen()) {
                    throw new IllegalStateException(String.join("\n", report.lines()));
                }
            }
            processor(form, TypedProducts.tokens(SMALL_TOKENS, 1));
        }
        context.log()
                .note("two linears as INT8 and INT4, in FP32, FP16 and BF16, run on the processor and pass the lint");
    }

    private static Tensor processor(Form form, Tensor x) {
        try (Engine engine = EngineLookup.open(EngineLookup.ORT_CPU);
                Session session = engine.open(new TypedProducts(form, DType.F32).model())) {
            return run(session, x);
        }
    }

    private static Tensor run(Session session, Tensor x) {
        return session.run(Map.of("x", x), "y", CancellationToken.NONE);
    }

    @Override
    public void measure(CheckContext context) {
        Optional<String> obstacle = library.obstacle();
        if (obstacle.isPresent()) {
            claims().forEach(claim -> context.log().skipped(claim, "", obstacle.get()));
            return;
        }
        try (TensorRtEngine engine = library.create(settings(context, Weights.IN_PLAN))) {
            context.log().note(engine.description());
            CheckLog log = context.log();
            log.attempt(INT8, () -> new Measured(context, engine, INT8, Form.INT8).results());
            log.attempt(INT4, () -> new Measured(context, engine, INT4, Form.INT4_WEIGHTS).results());
            log.attempt(FUSED, () -> fused(context, engine));
            log.attempt(SCRATCH, () -> turns(context, engine));
        }
        context.log().attempt(STRIPPED, () -> stripped(context));
    }

    /// What a run computes in; a stand-in has FP32 alone.
    private static List<DType> types(CheckContext context) {
        return context.small() ? List.of(DType.F32) : List.of(DType.BF16, DType.F16, DType.F32);
    }

    private static TypedProducts products(CheckContext context, Form form) {
        return new TypedProducts(form, types(context).getFirst());
    }

    private static TensorRtSettings settings(CheckContext context, Weights weights) {
        return new TensorRtSettings(
                context.work().resolve("engines"),
                CACHE_BYTES,
                "check",
                new BuildOptions(0, Duration.ofMinutes(2), LEVEL, weights, false),
                TensorRtSettings.Profiles.AS_THEY_COME);
    }

    private static TensorRtEngine with(CheckContext context, TensorRtEngine engine, TypedProducts products) {
        return engine.with(products.toString(), model -> Optional.of(products.profile(tokens(context))));
    }

    private static CachedEngine built(CheckContext context, TensorRtEngine engine, TypedProducts products) {
        OnnxModel model = products.model();
        return with(context, engine, products).prepare(model, message -> {}, CancellationToken.NONE);
    }

    private static Session open(CheckContext context, TensorRtEngine engine, TypedProducts products) {
        return with(context, engine, products).open(products.model());
    }

    private static Measurement distance(double distance, CachedEngine engine) {
        return new Measurement(
                String.format(Locale.ROOT, "distance %.2e", distance),
                String.format(
                        Locale.ROOT, "plan of %.2f MB, built in %d s", engine.bytes() / 1e6, engine.buildSeconds()));
    }

    /// One form in BF16.
    private record Measured(CheckContext context, TensorRtEngine engine, Claim claim, Form form) {

        /// The first run is queued, the second recorded, the others are launches of the recording.
        void results() {
            TypedProducts products = products(context, form);
            CachedEngine built = built(context, engine, products);
            Tensor x = TypedProducts.tokens(tokens(context), 3);
            try (Session session = open(context, engine, products)) {
                List<Tensor> results = new ArrayList<>();
                for (int i = 0; i < RUNS; i++) {
                    results.add(run(session, x));
                }
                double distance = DemoTrunk.distance(List.of(results.getFirst()), List.of(processor(form, x)));
                context.log()
                        .judge(
                                claim,
                                form.name(),
                                distance <= TOLERANCE,
                                distance(distance, built),
                                "at most " + TOLERANCE);
                long equal = results.stream()
                        .filter(result -> isSame(result, results.getFirst()))
                        .count();
                context.log()
                        .judge(
                                RECORDED,
                                form.name(),
                                equal == RUNS,
                                new Measurement(equal + " of " + RUNS + " runs equal", ""),
                                "all of them");
            }
        }
    }

    private static boolean isSame(Tensor a, Tensor b) {
        return a.data().mismatch(b.data()) < 0;
    }

    private static void fused(CheckContext context, TensorRtEngine engine) {
        for (DType type : types(context)) {
            String told =
                    built(context, engine, new TypedProducts(Form.INT8, type)).layers();
            context.log()
                    .judge(
                            FUSED,
                            type.name(),
                            told.startsWith(TypedProducts.LAYERS + " of " + TypedProducts.LAYERS + " "),
                            new Measurement(told, ""),
                            "all products in 8 bits");
        }
    }

    private static void turns(CheckContext context, TensorRtEngine engine) {
        TypedProducts eight = products(context, Form.INT8);
        TypedProducts four = products(context, Form.INT4_WEIGHTS);
        Tensor x = TypedProducts.tokens(tokens(context), 5);
        Tensor eightAlone;
        Tensor fourAlone;
        try (Session session = open(context, engine, eight)) {
            eightAlone = run(session, x);
        }
        try (Session session = open(context, engine, four)) {
            fourAlone = run(session, x);
        }
        int equal = 0;
        try (Session first = open(context, engine, eight);
                Session second = open(context, engine, four)) {
            for (int i = 0; i < RUNS; i++) {
                equal += isSame(run(first, x), eightAlone) ? 1 : 0;
                equal += isSame(run(second, x), fourAlone) ? 1 : 0;
            }
        }
        Measurement found = new Measurement(equal + " of " + 2 * RUNS + " runs equal", "");
        context.log().judge(SCRATCH, "", equal == 2 * RUNS, found, "all of them");
    }

    private void stripped(CheckContext context) {
        TypedProducts products = products(context, Form.INT8);
        Tensor x = TypedProducts.tokens(tokens(context), 7);
        long whole;
        try (TensorRtEngine engine = library.create(settings(context, Weights.IN_PLAN))) {
            whole = built(context, engine, products).bytes();
        }
        try (TensorRtEngine engine = library.create(settings(context, Weights.STRIPPED))) {
            long bytes = built(context, engine, products).bytes();
            try (Session session = open(context, engine, products)) {
                double distance = DemoTrunk.distance(List.of(run(session, x)), List.of(processor(Form.INT8, x)));
                long weights = (long) TypedProducts.LAYERS * TypedProducts.WIDTH * TypedProducts.WIDTH;
                context.log()
                        .judge(
                                STRIPPED,
                                "",
                                distance <= TOLERANCE && bytes <= whole - weights / 2,
                                new Measurement(
                                        String.format(Locale.ROOT, "distance %.2e, %d bytes", distance, bytes),
                                        whole + " bytes whole, of them " + weights + " weights"),
                                "at most " + TOLERANCE + " and half of the weights less");
            }
        }
    }
}
