package dev.quantreel.engines.vbench;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// An ONNX file of the user on Deep Java Library's ONNX Runtime engine. Inputs of one shape. For one thread.
final class SuppliedNetwork implements AutoCloseable {

    private static final String ENGINE = "OnnxRuntime";
    private static final String OFFLINE = "ai.djl.offline";

    private final Path file;
    private final Model model;
    private final Predictor<NDList, NDList> predictor;

    private SuppliedNetwork(Path file, Model model) {
        this.file = file;
        this.model = model;
        this.predictor = model.newPredictor(new NoopTranslator());
    }

    /// @throws IOException when it is no network that ONNX Runtime opens; names the file
    static SuppliedNetwork open(Path file) throws IOException {
        if (System.getProperty(OFFLINE) == null) {
            System.setProperty(OFFLINE, "true");
        }
        Model model = Model.newInstance(String.valueOf(file.getFileName()), Device.cpu(), ENGINE);
        try {
            model.load(file.toAbsolutePath().getParent(), String.valueOf(file.getFileName()));
            return new SuppliedNetwork(file, model);
        } catch (MalformedModelException | IOException e) {
            model.close();
            throw new IOException(file + " is no network that ONNX Runtime opens: " + e.getMessage(), e);
        }
    }

    /// @param shape of the input
    /// @return the values of the first output
    /// @throws IOException when the network refuses the input; names the file and the shape
    float[] run(float[] values, long... shape) throws IOException {
        return run(List.of(values), shape);
    }

    /// @param inputs in the order of the graph
    /// @param shape of each
    /// @return the values of the first output
    /// @throws IOException when the network refuses the inputs; names the file and the shape
    float[] run(List<float[]> inputs, long... shape) throws IOException {
        try (NDManager manager = model.getNDManager().newSubManager()) {
            NDList list = new NDList();
            for (float[] values : inputs) {
                list.add(manager.create(values, new Shape(shape)));
            }
            NDList output = predictor.predict(list);
            try (output) {
                return output.getFirst().toFloatArray();
            }
        } catch (TranslateException e) {
            throw new IOException(
                    file + " does not take " + (inputs.size() > 1 ? inputs.size() + " x " : "") + "F32"
                            + new Shape(shape) + ": "
                            + (e.getCause() == null
                                    ? e.getMessage()
                                    : e.getCause().getMessage()),
                    e);
        }
    }

    @Override
    public void close() {
        predictor.close();
        model.close();
    }
}
