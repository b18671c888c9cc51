package dev.quantreel.engines.golden;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.Euler;
import dev.quantreel.engines.sampling.NoiseLevels;
import dev.quantreel.engines.sampling.Prediction;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Levels and DDIM paths of diffusers for models that predict v or noise, and the levels of LTX-Video.
final class DiffusionScheduleGolden implements GoldenFamily {

    private static final Pattern DIFFUSION = Pattern.compile("(cogvideox|latte)(?:_shift(\\d+))?\\.n(\\d+)\\.x");
    private static final Pattern LTX = Pattern.compile("ltx\\.(\\d+)\\.n(\\d+)\\.sigmas");

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.file().names().stream()
                .anyMatch(name -> DIFFUSION.matcher(name).matches());
    }

    @Override
    public double tolerance() {
        return 1e-5;
    }

    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
        Map<String, Double> errors = new LinkedHashMap<>();
        for (String name : golden.file().names()) {
            Matcher diffusion = DIFFUSION.matcher(name);
            if (diffusion.matches()) {
                diffusion(golden, diffusion, errors);
            }
            Matcher ltx = LTX.matcher(name);
            if (ltx.matches()) {
                double shift = SigmaSchedule.Stretched.shiftFor(Long.parseLong(ltx.group(1)));
                NoiseLevels levels =
                        SigmaSchedule.named("ltxv", shift).levels(Integer.parseInt(ltx.group(2)), Prediction.FLOW);
                errors.put(name, ScheduleGolden.error(golden.tensor(name), levels.sigmas()));
            }
        }
        return errors;
    }

    private static void diffusion(GoldenFile golden, Matcher name, Map<String, Double> errors) {
        double shift = name.group(2) == null ? 1 : Double.parseDouble(name.group(2));
        Prediction prediction = name.group(1).equals("latte") ? Prediction.EPSILON : Prediction.V;
        SamplerSettings settings = new SamplerSettings(
                Integer.parseInt(name.group(3)), 1, SigmaSchedule.named(name.group(1), shift), new Euler(), prediction);
        NoiseLevels levels = settings.levels();
        List<Double> clean = levels.sigmas().stream()
                .limit(levels.steps())
                .map(sigma -> 1 - sigma * sigma)
                .toList();
        String path = name.group();
        String entry = path.substring(0, path.length() - ".x".length());
        errors.put(entry + ".timesteps", ScheduleGolden.error(golden.tensor(entry + ".timesteps"), levels.timesteps()));
        errors.put(entry + ".alphas_cumprod", ScheduleGolden.error(golden.tensor(entry + ".alphas_cumprod"), clean));
        errors.put(path, ScheduleGolden.pathError(golden, path, settings) / largest(golden.tensor(path)));
    }

    /// Where a model predicts noise, latents of the line it follows here grow to dozens: errors are told relative to
    /// that.
    private static double largest(Tensor latents) {
        double largest = 1;
        for (float value : latents.toFloatArray()) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}
