package dev.quantreel.engines.tensor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/// SHA-256 over what a checkpoint says, wherever it lies: names in order of the alphabet, types, shapes, bytes,
/// metadata.
///
/// A tensor enters as the SHA-256 of its 16 MiB pieces, which are hashed on all cores; file order and header padding do
/// not matter. Nothing is sampled: two checkpoints that differ in one weight differ in the digest.
public final class CheckpointDigest {

    /// Bytes that are hashed at once.
    public static final long PIECE_BYTES = 16L << 20;

    private CheckpointDigest() {}

    /// Hex digest, 64 digits. Reads every byte.
    public static String of(Checkpoint checkpoint) {
        return of(checkpoint, name -> pieces(checkpoint.tensor(name).data()));
    }

    /// The same from pieces that were hashed in another pass.
    ///
    /// @param pieces for each tensor the [#ofPiece] of every [#PIECE_BYTES] of its data, the last one shorter
    public static String of(Checkpoint checkpoint, Function<String, List<byte[]>> pieces) {
        MessageDigest digest = sha256();
        new TreeMap<>(checkpoint.metadata()).forEach((key, value) -> {
            put(digest, key);
            put(digest, value);
        });
        for (String name : checkpoint.names().stream().sorted().toList()) {
            put(digest, name);
            put(digest, checkpoint.dtype(name) + checkpoint.shape(name).toString());
            pieces.apply(name).forEach(digest::update);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /// Computes the digest at the first call and remembers it. Safe for many threads.
    public static Supplier<String> cached(Checkpoint checkpoint) {
        return new Supplier<>() {
            private String known = "";

            @Override
            public synchronized String get() {
                if (known.isEmpty()) {
                    known = of(checkpoint);
                }
                return known;
            }
        };
    }

    private static List<byte[]> pieces(MemorySegment data) {
        long count = Math.ceilDiv(data.byteSize(), PIECE_BYTES);
        return LongStream.range(0, count)
                .parallel()
                .mapToObj(piece -> {
                    long begin = piece * PIECE_BYTES;
                    MemorySegment bytes = data.asSlice(begin, Math.min(PIECE_BYTES, data.byteSize() - begin));
                    byte[] hash = ofPiece(bytes);
                    if (bytes.isMapped()) {
                        bytes.unload();
                    }
                    return hash;
                })
                .toList();
    }

    /// Hash of one piece.
    ///
    /// @throws IllegalStateException when the file behind it was cut short
    public static byte[] ofPiece(MemorySegment piece) {
        MessageDigest digest = sha256();
        try {
            digest.update(piece.asByteBuffer());
            MappedCopy.settle();
        } catch (InternalError e) {
            throw MappedCopy.cutShort("the file of a checkpoint", e);
        }
        return digest.digest();
    }

    /// Length first, so that no two lists of strings give the same bytes.
    private static void put(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(4).putInt(0, bytes.length));
        digest.update(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
