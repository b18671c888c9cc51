package dev.quantreel.engines.distillation;

import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.safetensors.SafetensorsException;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Where a training is kept between two runs: a safetensors file that is always either the old state or the new one.
///
/// @param file of the state
/// @param identity what is trained, part by part in words for people: `model`, `plan`, and the like. A state is taken
/// up by a training of equal identity only
public record TrainingStore(Path file, Map<String, String> identity) {

    private static final String VERSION = "1";
    private static final String VERSION_KEY = "quantreel.training";
    private static final String IDENTITY = "identity.";
    private static final String VALUES = "values/";
    private static final String SCALES = "scales/";
    private static final String BEST = "best/";
    private static final String FIRST = "first/";
    private static final String SECOND = "second/";
    private static final String CURVE = "curve";
    private static final String STAGES = "stages";
    private static final String LAYERS = "layers";
    private static final int CURVE_COLUMNS = 5;

    public TrainingStore {
        identity = Map.copyOf(identity);
    }

    /// What is wrong with a state, and what to do about it.
    public static final class StateException extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        StateException(String message, Throwable cause) {
            super(message, cause);
        }

        StateException(String message) {
            super(message);
        }
    }

    /// The state; empty where there is none.
    ///
    /// @throws StateException when it is damaged, or of another training; names the file and what differs
    Optional<TrainingState> load() {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            Map<String, String> metadata = stored.metadata();
            if (!VERSION.equals(metadata.get(VERSION_KEY))) {
                throw new StateException(file + " is no training state of this version (quantreel.training is "
                        + metadata.get(VERSION_KEY) + ", not " + VERSION + "); give another name, or delete it");
            }
            new TreeMap<>(identity).forEach((part, own) -> requireSame(part, own, metadata));
            return Optional.of(state(stored, metadata));
        } catch (SafetensorsException | NumberFormatException e) {
            throw new StateException(
                    "the training state " + file + " is damaged (" + e.getMessage()
                            + "); delete it to begin anew, or give another name",
                    e);
        }
    }

    private void requireSame(String part, String own, Map<String, String> metadata) {
        String other = metadata.get(IDENTITY + part);
        if (!own.equals(other)) {
            throw new StateException("the training state " + file + " is of another " + part + " (" + other + ", not "
                    + own + "); give another name, or delete it to begin anew");
        }
    }

    private TrainingState state(SafetensorsFile stored, Map<String, String> metadata) {
        for (String name : stored.names()) {
            for (float value : Conversions.toFloatArray(stored.tensor(name))) {
                if (Float.isInfinite(value) || Float.isNaN(value) && !name.equals(CURVE)) {
                    throw new StateException("the training state " + file + " holds " + value + " in " + name
                            + "; delete it to begin anew, or give another name");
                }
            }
        }
        return new TrainingState(
                Integer.parseInt(metadata.getOrDefault("stage", "")),
                Integer.parseInt(metadata.getOrDefault("step", "")),
                part(stored, VALUES),
                scales(stored),
                part(stored, BEST),
                Double.parseDouble(metadata.getOrDefault("start", "")),
                Double.parseDouble(metadata.getOrDefault("bestLoss", "")),
                AdamSteps.of(
                        Integer.parseInt(metadata.getOrDefault("adamSteps", "")),
                        part(stored, FIRST),
                        part(stored, SECOND)),
                history(stored, metadata));
    }

    private static Map<String, Float> scales(SafetensorsFile stored) {
        Map<String, Float> scales = new LinkedHashMap<>();
        part(stored, SCALES).forEach((name, scale) -> scales.put(name, scale[0]));
        return scales;
    }

    private static Map<String, float[]> part(SafetensorsFile stored, String prefix) {
        Map<String, float[]> values = new LinkedHashMap<>();
        stored.names().stream()
                .filter(name -> name.startsWith(prefix))
                .forEach(name ->
                        values.put(name.substring(prefix.length()), Conversions.toFloatArray(stored.tensor(name))));
        return values;
    }

    private static TrainingState.History history(SafetensorsFile stored, Map<String, String> metadata) {
        List<ErrorEstimation.Layer> layers = new ArrayList<>();
        List<String> names = lines(metadata, LAYERS);
        float[] errors = column(stored, LAYERS);
        for (int i = 0; i < names.size(); i++) {
            boolean kept = errors[3 * i + 2] != 0;
            layers.add(
                    new ErrorEstimation.Layer(names.get(i), errors[3 * i], errors[3 * i + 1], kept, FrameFactors.NONE));
        }
        List<ErrorTraining.Stage> stages = new ArrayList<>();
        List<String> blocks = lines(metadata, STAGES);
        float[] losses = column(stored, STAGES);
        for (int i = 0; i < blocks.size(); i++) {
            stages.add(new ErrorTraining.Stage(blocks.get(i), losses[2 * i], losses[2 * i + 1]));
        }
        List<ErrorTraining.Point> curve = new ArrayList<>();
        float[] points = column(stored, CURVE);
        for (int i = 0; i < points.length; i += CURVE_COLUMNS) {
            curve.add(new ErrorTraining.Point(
                    (int) points[i], (int) points[i + 1], points[i + 2], points[i + 3], points[i + 4]));
        }
        return new TrainingState.History(layers, stages, curve);
    }

    private static List<String> lines(Map<String, String> metadata, String key) {
        String joined = metadata.getOrDefault(key, "");
        return joined.isEmpty() ? List.of() : List.of(joined.split("\n"));
    }

    private static float[] column(SafetensorsFile stored, String name) {
        return stored.contains(name) ? Conversions.toFloatArray(stored.tensor(name)) : new float[0];
    }

    /// Writes a state over the one before.
    ///
    /// @throws SafetensorsException when it cannot be written; the one before is as it was
    void save(TrainingState state) {
        Map<String, Tensor> tensors = new TreeMap<>();
        put(tensors, VALUES, state.values());
        state.scales().forEach((name, scale) -> tensors.put(SCALES + name, Tensor.of(Shape.of(1), scale)));
        put(tensors, BEST, state.best());
        put(tensors, FIRST, state.adam().first());
        put(tensors, SECOND, state.adam().second());
        TrainingState.History history = state.history();
        put(tensors, CURVE, history.curve(), CURVE_COLUMNS, point ->
                new double[] {point.stage(), point.step(), point.error(), point.temporal(), point.apart()});
        put(tensors, STAGES, history.stages(), 2, stage -> new double[] {stage.before(), stage.after()});
        put(tensors, LAYERS, history.layers(), 3, layer ->
                new double[] {layer.before(), layer.after(), layer.isKept() ? 1 : 0});
        Map<String, String> metadata = new TreeMap<>();
        metadata.put(VERSION_KEY, VERSION);
        identity.forEach((part, own) -> metadata.put(IDENTITY + part, own));
        metadata.put("stage", Integer.toString(state.stage()));
        metadata.put("step", Integer.toString(state.step()));
        metadata.put("start", Double.toString(state.start()));
        metadata.put("bestLoss", Double.toString(state.bestLoss()));
        metadata.put("adamSteps", Integer.toString(state.adam().steps()));
        metadata.put(
                LAYERS,
                String.join(
                        "\n",
                        history.layers().stream()
                                .map(ErrorEstimation.Layer::name)
                                .toList()));
        metadata.put(
                STAGES,
                String.join(
                        "\n",
                        history.stages().stream()
                                .map(ErrorTraining.Stage::blocks)
                                .toList()));
        SafetensorsWriter.write(file, tensors, metadata);
    }

    private static void put(Map<String, Tensor> tensors, String prefix, Map<String, float[]> values) {
        values.forEach((name, array) -> tensors.put(prefix + name, Tensor.of(Shape.of(array.length), array)));
    }

    /// The figures of one line of a table.
    private interface Figures<T> {
        double[] of(T line);
    }

    private static <T> void put(
            Map<String, Tensor> tensors, String name, List<T> lines, int columns, Figures<T> figures) {
        if (lines.isEmpty()) {
            return;
        }
        float[] values = new float[lines.size() * columns];
        for (int i = 0; i < lines.size(); i++) {
            double[] line = figures.of(lines.get(i));
            for (int j = 0; j < columns; j++) {
                values[i * columns + j] = (float) line[j];
            }
        }
        tensors.put(name, Tensor.of(Shape.of(lines.size(), columns), values));
    }
}
