package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Constant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/// Runs the demo model by every method at every setting from the same prompts and noises, and measures each against
/// full precision.
///
/// Where activations switch between 4 and 8 bits, δ is tuned for each method to the same mean of bits. The
/// teacher-forced error is that of one conditional pass, as quantization papers report it; guidance would multiply it.
/// Methods come one after the other, so that rows are complete as early as can be and few models are open at a time.
public final class DemoBenchmark {

    /// Captions of the demo model's vocabulary.
    public static final List<String> PROMPTS = List.of(
            "a large red circle moving left on a navy background",
            "a small yellow square moving right on a black background",
            "a large green triangle moving up on a white background",
            "a large blue ring moving down on a gray background",
            "a small orange circle moving up on a navy background",
            "a large cyan square moving left on a black background",
            "a large pink triangle moving right on a gray background",
            "a small purple ring moving down on a white background");

    private static final int PILOTS = 4;

    private final DemoModel model;
    private final Options options;
    private final Progress progress;
    private final CancellationToken cancellation;

    /// @param prompts how many of [#PROMPTS], at least 1
    /// @param seeds noises per prompt, at least 1
    /// @param steps sampler steps; 0 takes the model's recommendation
    public record Options(int prompts, int seeds, int steps) {
        public Options {
            if (prompts < 1 || prompts > PROMPTS.size() || seeds < 1 || steps < 0) {
                throw new IllegalArgumentException("prompts 1 to " + PROMPTS.size() + ", seeds at least 1, steps at"
                        + " least 0 are accepted, got " + prompts + ", " + seeds + ", " + steps);
            }
        }

        int generations() {
            return prompts * seeds;
        }

        /// The model's, with these steps.
        public SamplerSettings settings(DemoModel model) {
            SamplerSettings recommended = model.settings();
            return steps == 0 ? recommended : new SamplerSettings(steps, recommended.cfg(), recommended.schedule());
        }
    }

    /// What is measured.
    ///
    /// @param methods words, of which a method's name has to contain one; all where there is none
    /// @param settings names of [Setting#ALL]; all where there is none
    public record Selection(List<String> methods, List<String> settings) {

        /// The whole table.
        public static final Selection ALL = new Selection(List.of(), List.of());

        public Selection {
            methods = List.copyOf(methods);
            settings = List.copyOf(settings);
            List<String> known = Setting.ALL.stream().map(Setting::name).toList();
            if (!known.containsAll(settings)) {
                throw new IllegalArgumentException("settings are " + settings + "; accepted are " + known);
            }
        }

        List<Method> methodsOf(List<Method> all) {
            List<Method> found = all.stream()
                    .filter(method -> methods.isEmpty()
                            || methods.stream()
                                    .anyMatch(word -> lower(method.name()).contains(lower(word))))
                    .toList();
            if (found.isEmpty()) {
                throw new IllegalArgumentException("no method's name contains one of " + methods + "; there are "
                        + all.stream().map(Method::name).toList());
            }
            return found;
        }

        List<Setting> chosenSettings() {
            return Setting.ALL.stream()
                    .filter(setting -> settings.isEmpty() || settings.contains(setting.name()))
                    .toList();
        }

        private static String lower(String text) {
            return text.toLowerCase(Locale.ROOT);
        }
    }

    /// Told what is being done, and how many generations of how many were.
    public interface Progress {
        void report(String what, int done, int total);
    }

    public DemoBenchmark(DemoModel model, Options options, Progress progress, CancellationToken cancellation) {
        this.model = model;
        this.options = options;
        this.progress = progress;
        this.cancellation = cancellation;
    }

    /// @param rows told each line as it is complete, full precision first
    /// @throws IllegalArgumentException when no method is selected
    /// @throws java.util.concurrent.CancellationException when interrupted; the rows that were told are complete
    public void run(Selection selection, Consumer<Row> rows) {
        SamplerSettings settings = options.settings(model);
        List<Method> methods = selection.methodsOf(DemoMethods.all(settings.steps()));
        List<Setting> bits = selection.chosenSettings();
        try (PlannedModels models = new PlannedModels(model, cancellation)) {
            PlannedModels.Opened full = models.of(PlannedModels.Wanted.FULL);
            List<Reference> references = Reference.all(model, full.transformer(), options, progress, cancellation);
            GenerationMeter meter = new GenerationMeter(model, settings, cancellation);
            Lines lines = new Lines(models, meter, references, (methods.size() * bits.size() + 1) * references.size());
            GenerationMeter.Way plain =
                    new GenerationMeter.Way(full.transformer(), false, new Constant(8), new StepCache.None());
            rows.accept(lines.measured("", "full precision", full, plain));
            for (Method method : methods) {
                for (Setting setting : bits) {
                    rows.accept(lines.measured(method, setting));
                }
                models.closeQuantized();
            }
        }
    }

    /// Measures line after line.
    private final class Lines {

        private final PlannedModels models;
        private final GenerationMeter meter;
        private final List<Reference> references;
        private final int total;
        private int done;

        Lines(PlannedModels models, GenerationMeter meter, List<Reference> references, int total) {
            this.models = models;
            this.meter = meter;
            this.references = references;
            this.total = total;
        }

        Row measured(Method method, Setting setting) {
            String title = method.name() + " " + setting.name();
            progress.report("quantizing by " + title, done, total);
            PlannedModels.Opened opened = models.of(method.at(setting));
            BitSchedule bits = new Constant(setting.activationBits());
            if (setting.isSwitched()) {
                progress.report("tuning δ of " + title, done, total);
                bits = new MeanBits(meter, references, PILOTS)
                        .tune(opened.transformer(), new StepCache.None(), setting.activationBits());
            }
            return measured(
                    setting.name(),
                    method.name(),
                    opened,
                    new GenerationMeter.Way(opened.transformer(), true, bits, new StepCache.None()));
        }

        Row measured(String setting, String name, PlannedModels.Opened opened, GenerationMeter.Way way) {
            List<Measurement> measurements = new ArrayList<>();
            for (Reference reference : references) {
                progress.report(name + " " + setting, done++, total);
                measurements.add(meter.measure(way, reference));
            }
            return new Row(
                    setting,
                    name,
                    measurements,
                    opened.memory().bytes(),
                    opened.memory().ratio(),
                    opened.seconds());
        }
    }
}
