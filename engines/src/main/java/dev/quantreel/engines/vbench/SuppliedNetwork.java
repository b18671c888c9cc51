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

/// An ONNX file of the user on Deep Java Library's ONNX Runtime engine. One input, one output. For one thread.
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
        try (NDManager manager = model.getNDManager().newSubManager()) {
            NDList output = predictor.predict(new NDList(manager.create(values, new Shape(shape))));
            try (output) {
                return output.getFirst().toFloatArray();
            }
        } catch (TranslateException e) {
            throw new IOException(
                    file + " does not take F32" + new Shape(shape) + ": "
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
