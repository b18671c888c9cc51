package dev.quantreel.engines.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.WanCheckpoint;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.Frames;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Runs golden files of each family on one engine and tells the largest absolute error of every stored result.
record GoldenModels(Engine engine) {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Pattern SCHEDULE =
            Pattern.compile("(euler|comfy_simple|wan_unipc|wan_dpmpp)_shift(\\d+)_n(\\d+)\\.sigmas");

    static String family(GoldenFile golden) {
        if (golden.contains("w.head.modulation") || golden.contains("w.condition_embedder.time_proj.weight")) {
            // Files with one timestep per token are of Wan 2.2's image-to-video form.
            return golden.tensor("in.t").shape().rank() == 1 ? "wan" : "unknown";
        }
        if (golden.contains("w.decoder.3.conv.0.weight") && golden.contains("out.y_ntchw")) {
            return "taehv";
        }
        if (golden.contains("w.shared.weight") && golden.contains("w.encoder.final_layer_norm.weight")) {
            return "t5";
        }
        boolean schedules = golden.file().names().stream()
                .anyMatch(name -> SCHEDULE.matcher(name).matches());
        return schedules ? "schedulers" : "unknown";
    }

    Map<String, Double> errors(GoldenFile golden) {
        return switch (family(golden)) {
            case "wan" -> wan(golden);
            case "taehv" -> taehv(golden);
            case "t5" -> t5(golden);
            case "schedulers" -> schedulers(golden);
            default -> throw new AssertionError(golden.path());
        };
    }

    private static Map<String, Double> schedulers(GoldenFile golden) {
        Map<String, Double> errors = new LinkedHashMap<>();
        for (String name : golden.file().names()) {
            Matcher matcher = SCHEDULE.matcher(name);
            if (!matcher.matches()) {
                continue;
            }
            double shift = Double.parseDouble(matcher.group(2));
            int steps = Integer.parseInt(matcher.group(3));
            SigmaSchedule schedule = closest(golden.tensor(name), shift, steps);
            errors.put(name, sigmaError(golden.tensor(name), schedule, steps));
            String path = name.replace(".sigmas", ".x");
            if (matcher.group(1).equals("euler")) {
                errors.put(path, eulerError(golden, path, new SamplerSettings(steps, 1, schedule)));
            }
        }
        return errors;
    }

    /// The files do not say which of our schedules they are.
    private static SigmaSchedule closest(Tensor sigmas, double shift, int steps) {
        return SigmaSchedule.NAMES.stream()
                .map(name -> SigmaSchedule.named(name, shift))
                .min(Comparator.comparingDouble(schedule -> sigmaError(sigmas, schedule, steps)))
                .orElseThrow();
    }

    private static double sigmaError(Tensor expected, SigmaSchedule schedule, int steps) {
        double[] sigmas = schedule.sigmas(steps);
        float[] values = new float[sigmas.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) sigmas[i];
        }
        return GoldenFile.maxAbsoluteError(Tensor.of(Shape.of(values.length), values), expected);
    }

    private static double eulerError(GoldenFile golden, String path, SamplerSettings settings) {
        Tensor noise = golden.tensor("x0");
        List<Tensor> latents = new ArrayList<>();
        SamplingListener listener = new SamplingListener() {
            @Override
            public void evaluated(int step, double sigma, float timestep, Tensor latent, Tensor velocity) {
                latents.add(latent);
            }
        };
        latents.add(new FlowSampler(new LineModel(noise.shape()), settings, new Constant(8), new StepCache.None())
                .sample(noise, listener, NONE)
                .latent());
        Tensor expected = golden.tensor(path);
        long stepBytes = expected.data().byteSize() / settings.steps();
        double worst = 0;
        for (int step = 0; step < settings.steps(); step++) {
            Tensor wanted =
                    new Tensor(expected.dtype(), noise.shape(), expected.data().asSlice(step * stepBytes, stepBytes));
            worst = Math.max(worst, GoldenFile.maxAbsoluteError(latents.get(step + 1), wanted));
        }
        return worst;
    }

    Map<String, Double> wan(GoldenFile golden) {
        Map<String, Double> errors = new LinkedHashMap<>();
        WanCheckpoint checkpoint = WanCheckpoint.of(golden.weights());
        try (DiffusionTransformer transformer = transformer(checkpoint)) {
            SplitModel model = transformer.bind(golden.tensor("in.context"), golden.tensor("in.context"));
            SplitModel.Prelude prelude =
                    model.prelude(golden.tensor("in.x"), golden.tensor("in.t").toFloatArray()[0], NONE);
            Tensor tokens = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
            errors.put("out.y", GoldenFile.maxAbsoluteError(model.head(prelude, tokens, NONE), golden.tensor("out.y")));
        }
        for (int block = 0; golden.contains("mid.block" + block); block++) {
            String name = "mid.block" + block;
            try (DiffusionTransformer transformer = transformer(firstBlocks(checkpoint, block + 1))) {
                SplitModel model = transformer.bind(golden.tensor("in.context"), golden.tensor("in.context"));
                SplitModel.Prelude prelude = model.prelude(
                        golden.tensor("in.x"), golden.tensor("in.t").toFloatArray()[0], NONE);
                Tensor tokens = model.trunk(prelude, Branch.UNCONDITIONAL, 8, NONE);
                errors.put(name, GoldenFile.maxAbsoluteError(tokens, golden.tensor(name)));
            }
        }
        return errors;
    }

    Map<String, Double> taehv(GoldenFile golden) {
        Tensor expected = golden.tensor("out.y_ntchw");
        try (VaeDecoder decoder = VaeDecoder.open(engine, golden.weights())) {
            Tensor latent = transposed(golden.tensor("in.z_ntchw"), 0, 2, 1, 3, 4);
            Frames frames = decoder.decode(latent, NONE);
            Shape shape = frames.rgb().shape();
            Tensor actual = transposed(
                    frames.rgb().reshape(1, shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)), 0, 1, 4, 2, 3);
            return Map.of("out.y_ntchw", GoldenFile.maxAbsoluteError(actual, expected));
        }
    }

    /// Compares the real tokens; what the reference leaves at masked positions is cut off by Wan's pipeline.
    Map<String, Double> t5(GoldenFile golden) {
        Tensor ids = golden.tensor("in.ids");
        float[] mask = golden.tensor("in.mask").toFloatArray();
        int length = 0;
        while (length < mask.length && mask[length] == 1) {
            length++;
        }
        int[] real = new int[length];
        for (int i = 0; i < length; i++) {
            real[i] = (int) ids.toFloatArray()[i];
        }
        try (TextEncoder encoder = TextEncoder.open(engine, golden.weights(), new NoTokenizer())) {
            Tensor actual = encoder.encode(real, mask.length, NONE);
            assertThat(rows(actual, length, mask.length).toFloatArray()).containsOnly(0f);
            return Map.of(
                    "out.y",
                    GoldenFile.maxAbsoluteError(rows(actual, 0, length), rows(golden.tensor("out.y"), 0, length)));
        }
    }

    private static Tensor rows(Tensor tensor, long from, long to) {
        long dim = tensor.shape().dim(2);
        long rowBytes = dim * Float.BYTES;
        return new Tensor(
                tensor.dtype(),
                Shape.of(1, to - from, dim),
                tensor.data().asSlice(from * rowBytes, (to - from) * rowBytes));
    }

    private static final class NoTokenizer implements PromptTokenizer {
        @Override
        public int[] encode(String prompt) {
            throw new UnsupportedOperationException("golden files hold ids");
        }

        @Override
        public void close() {}
    }

    /// A copy with its axes in another order.
    private static Tensor transposed(Tensor tensor, int... order) {
        long[] dims = new long[order.length];
        long[] strides = new long[order.length];
        for (int i = 0; i < order.length; i++) {
            dims[i] = tensor.shape().dim(order[i]);
            strides[i] = 1;
            for (int axis = order[i] + 1; axis < order.length; axis++) {
                strides[i] *= tensor.shape().dim(axis);
            }
        }
        float[] source = tensor.toFloatArray();
        float[] target = new float[source.length];
        for (int flat = 0; flat < target.length; flat++) {
            long rest = flat;
            long offset = 0;
            for (int i = order.length - 1; i >= 0; i--) {
                offset += rest % dims[i] * strides[i];
                rest /= dims[i];
            }
            target[flat] = source[(int) offset];
        }
        return Tensor.of(Shape.of(dims), target);
    }

    private DiffusionTransformer transformer(WanCheckpoint checkpoint) {
        return DiffusionTransformer.open(engine, checkpoint, new FloatLinears(new FloatWeights(checkpoint)));
    }

    /// The model cut off after its first blocks, whose trunk gives what they return.
    private static WanCheckpoint firstBlocks(Checkpoint checkpoint, int blocks) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            boolean later = name.startsWith("blocks.") && Integer.parseInt(name.split("\\.", -1)[1]) >= blocks;
            if (!later) {
                tensors.put(name, checkpoint.tensor(name));
            }
        }
        return WanCheckpoint.of(new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata()));
    }
}
