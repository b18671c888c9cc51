package dev.quantreel.engines.convert;

import dev.quantreel.engines.checkpoint.QuantizedLayer;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Writes any checkpoint unpacked: every float tensor in one type, everything else (tokenizers) as it is. Streams: one
/// tensor is in memory at a time.
public final class PlainConversion {

    private PlainConversion() {}

    /// A type to unpack to.
    public enum Type {
        BF16("bf16", DType.BF16),
        FP16("fp16", DType.F16),
        FP32("fp32", DType.F32);

        private final String id;
        private final DType dtype;

        Type(String id, DType dtype) {
            this.id = id;
            this.dtype = dtype;
        }

        /// The type of this name, as file names spell it.
        public static Optional<Type> of(String id) {
            return Arrays.stream(values()).filter(type -> type.id.equals(id)).findFirst();
        }
    }

    /// Writes all tensors.
    ///
    /// @return size of the file
    /// @throws dev.quantreel.engines.safetensors.SafetensorsException when it cannot be written; nothing is kept
    /// @throws java.util.concurrent.CancellationException when cancelled; nothing is kept
    public static long write(
            Checkpoint source, Path target, Type type, QuantizationProgress progress, CancellationToken cancellation) {
        Map<String, SafetensorsPlan.Type> planned = new LinkedHashMap<>();
        source.names()
                .forEach(name -> planned.put(
                        name, new SafetensorsPlan.Type(target(source.dtype(name), type), source.shape(name))));
        Map<String, String> metadata = new LinkedHashMap<>(source.metadata());
        metadata.remove(QuantizedLayer.METADATA);
        SafetensorsPlan plan = SafetensorsPlan.of(target.toString(), planned, metadata);
        SafetensorsWriter.write(target, plan, channel -> {
            PlannedFile file = new PlannedFile(plan, channel);
            try {
                int done = 0;
                for (String name : source.names()) {
                    cancellation.throwIfCancelled();
                    file.put(name, converted(source.tensor(name), target(source.dtype(name), type)));
                    done++;
                    progress.layerDone(name, done, planned.size());
                }
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            file.requireComplete();
        });
        return plan.fileBytes();
    }

    private static DType target(DType stored, Type type) {
        return switch (stored) {
            case F64, F32, F16, BF16, F8_E4M3, F8_E5M2 -> type.dtype;
            default -> stored;
        };
    }

    private static Tensor converted(Tensor tensor, DType target) {
        return tensor.dtype() == target ? tensor : Conversions.fromF32(Conversions.toF32(tensor), target);
    }
}
