package dev.quantreel.engines.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Writes GGUF files field by field, broken ones too.
public final class GgufBytes {

    private final ByteArrayOutputStream pairs = new ByteArrayOutputStream();
    private final ByteArrayOutputStream infos = new ByteArrayOutputStream();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private int version = 3;
    private long tensorCount;
    private long pairCount;
    private int alignment = 32;

    public GgufBytes text(String key, String value) {
        name(pairs, key);
        ints(pairs, 8);
        name(pairs, value);
        pairCount++;
        return this;
    }

    /// A pair of any type followed by any numbers.
    public GgufBytes raw(String key, int type, long... numbers) {
        name(pairs, key);
        ints(pairs, type);
        if (type == 9) {
            ints(pairs, (int) numbers[0]);
            longs(pairs, numbers[1]);
        } else {
            longs(pairs, numbers);
        }
        pairCount++;
        return this;
    }

    public GgufBytes alignment(int value) {
        name(pairs, "general.alignment");
        ints(pairs, 4, value);
        pairCount++;
        alignment = value > 0 ? value : 32;
        return this;
    }

    /// A tensor with its data.
    ///
    /// @param dims slowest axis first
    public GgufBytes tensor(String name, int type, byte[] content, long... dims) {
        while (data.size() % alignment != 0) {
            data.write(0);
        }
        long offset = data.size();
        data.writeBytes(content);
        return tensorAt(name, type, offset, dims);
    }

    /// A description of a tensor that lies anywhere.
    public GgufBytes tensorAt(String name, int type, long offset, long... dims) {
        name(infos, name);
        ints(infos, dims.length);
        for (int i = dims.length - 1; i >= 0; i--) {
            longs(infos, dims[i]);
        }
        ints(infos, type);
        longs(infos, offset);
        tensorCount++;
        return this;
    }

    /// Other numbers than the true ones.
    public GgufBytes counts(long tensors, long keyValuePairs) {
        tensorCount = tensors;
        pairCount = keyValuePairs;
        return this;
    }

    public GgufBytes version(int value) {
        version = value;
        return this;
    }

    public byte[] toByteArray() {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        ints(file, version);
        longs(file, tensorCount, pairCount);
        file.writeBytes(pairs.toByteArray());
        file.writeBytes(infos.toByteArray());
        while (file.size() % alignment != 0) {
            file.write(0);
        }
        file.writeBytes(data.toByteArray());
        return file.toByteArray();
    }

    private static void name(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        longs(out, bytes.length);
        out.writeBytes(bytes);
    }

    private static void ints(ByteArrayOutputStream out, int... values) {
        for (int value : values) {
            out.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
        }
    }

    private static void longs(ByteArrayOutputStream out, long... values) {
        for (long value : values) {
            out.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
        }
    }
}
