package dev.quantreel.engines.golden;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.Euler;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.Multistep;
import dev.quantreel.engines.sampling.Multistep.Form;
import dev.quantreel.engines.sampling.Multistep.Step;
import dev.quantreel.engines.sampling.NoiseLevels;
import dev.quantreel.engines.sampling.Prediction;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.Solver;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Noise levels and sampler paths of diffusers, Wan and ComfyUI.
final class ScheduleGolden implements GoldenFamily {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Pattern SCHEDULE = Pattern.compile("([a-z0-9_]+)_shift(\\d+)_n(\\d+)\\.sigmas");
    private static final Map<String, Case> CASES = Map.of(
            "beta", new Case("beta", new Euler()),
            "euler", new Case("linear", new Euler()),
            "comfy_simple", new Case("simple", new Euler()),
            "unipc", new Case("unipc_diffusers", Multistep.uniPcOfWan()),
            "unipc3bh1", new Case("unipc_diffusers", new Multistep(Form.NATIVE, Step.BH1, 3, true)),
            "unipc3bh2", new Case("unipc_diffusers", new Multistep(Form.NATIVE, Step.BH2, 3, true)),
            "wan_unipc", new Case("unipc", Multistep.uniPcOfWan()),
            "dpmpp2m", new Case("unipc", Multistep.dpmPlusPlus2m(Form.NATIVE)),
            "kdiffusion", new Case("linear", Multistep.dpmPlusPlus2m(Form.VARIANCE_EXPLODING)),
            "wan_dpmpp", new Case("dpmpp", Multistep.dpmPlusPlus2m(Form.NATIVE)));

    /// What a name in the file stands for.
    private record Case(String schedule, Solver solver) {}

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.file().names().stream()
                .anyMatch(name -> SCHEDULE.matcher(name).matches());
    }

    @Override
    public double tolerance() {
        return 1e-5;
    }

    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
        Map<String, Double> errors = new LinkedHashMap<>();
        for (String name : golden.file().names()) {
            Matcher matcher = SCHEDULE.matcher(name);
            if (!matcher.matches()) {
                continue;
            }
            Case kind = CASES.get(matcher.group(1));
            double shift = Double.parseDouble(matcher.group(2));
            int steps = Integer.parseInt(matcher.group(3));
            // Diffusers' Euler was run with its own default at 4 steps and with the pipelines' levels at 10.
            String schedule = name.startsWith("euler_shift3_n4") ? "normal" : kind.schedule;
            SamplerSettings settings =
                    new SamplerSettings(steps, 1, SigmaSchedule.named(schedule, shift), kind.solver, Prediction.FLOW);
            NoiseLevels levels = settings.levels();
            errors.put(name, error(golden.tensor(name), levels.sigmas()));
            String entry = name.substring(0, name.length() - ".sigmas".length());
            if (golden.contains(entry + ".timesteps")) {
                // Times run to 1000: compared like the levels they are made of.
                errors.put(entry + ".timesteps", error(golden.tensor(entry + ".timesteps"), levels.timesteps()) / 1000);
                errors.put(entry + ".x", pathError(golden, entry + ".x", settings));
            }
        }
        return errors;
    }

    static double error(Tensor expected, List<? extends Number> numbers) {
        float[] values = new float[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = numbers.get(i).floatValue();
        }
        return GoldenFile.maxAbsoluteError(Tensor.of(Shape.of(values.length), values), expected);
    }

    static double pathError(GoldenFile golden, String path, SamplerSettings settings) {
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
        int rows = Math.toIntExact(expected.shape().dim(0));
        long stepBytes = expected.data().byteSize() / rows;
        double worst = 0;
        for (int step = 0; step < rows; step++) {
            Tensor wanted =
                    new Tensor(expected.dtype(), noise.shape(), expected.data().asSlice(step * stepBytes, stepBytes));
            worst = Math.max(worst, GoldenFile.maxAbsoluteError(latents.get(step + 1), wanted));
        }
        return worst;
    }
}
