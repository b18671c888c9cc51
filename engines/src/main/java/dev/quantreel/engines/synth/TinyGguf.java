package dev.quantreel.engines.synth;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Writes a small GGUF file of 16-bit floats (version 3 of the format), for trials.
final class TinyGguf {

    /// The number of the type F16.
    static final int F16 = 1;

    private static final int TEXT = 8;
    private static final int ALIGNMENT = 32;

    private TinyGguf() {}

    /// @param type number that the file gives for the type of its matrices; the data is always F16
    static void write(Path target, Checkpoint source, int type) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        head.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        ints(head, 3);
        longs(head, source.names().size(), 1);
        text(head, "general.architecture");
        ints(head, TEXT);
        text(head, "wan");
        for (String name : source.names()) {
            Tensor values = Conversions.fromF32(Conversions.toF32(source.tensor(name)), DType.F16);
            text(head, name);
            ints(head, values.shape().rank());
            for (int axis = values.shape().rank() - 1; axis >= 0; axis--) {
                longs(head, values.shape().dim(axis));
            }
            ints(head, values.isMatrix() ? type : F16);
            longs(head, data.size());
            data.writeBytes(values.data().toArray(ValueLayout.JAVA_BYTE));
            pad(data);
        }
        pad(head);
        head.writeBytes(data.toByteArray());
        Files.write(target, head.toByteArray());
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % ALIGNMENT != 0) {
            out.write(0);
        }
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        longs(out, bytes.length);
        out.writeBytes(bytes);
    }

    private static void ints(ByteArrayOutputStream out, int value) {
        out.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }

    private static void longs(ByteArrayOutputStream out, long... values) {
        for (long value : values) {
            out.writeBytes(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
        }
    }
}
