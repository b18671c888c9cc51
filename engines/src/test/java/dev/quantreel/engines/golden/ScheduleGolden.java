package dev.quantreel.engines.golden;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Noise levels and sampler paths of diffusers, Wan and ComfyUI.
final class ScheduleGolden implements GoldenFamily {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Pattern SCHEDULE =
            Pattern.compile("(euler|comfy_simple|wan_unipc|wan_dpmpp)_shift(\\d+)_n(\\d+)\\.sigmas");

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.file().names().stream()
                .anyMatch(name -> SCHEDULE.matcher(name).matches());
    }

    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
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
}
