package dev.quantreel.nodes.measure;

import dev.quantreel.engines.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/// SHA-256 over texts and tensors in the order they are added. Not thread-safe.
public final class Fingerprint {

    private static final int SHOWN_BYTES = 16;

    private final MessageDigest digest;

    /// Of nothing yet.
    public Fingerprint() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /// Adds a value by its text, which must be the same in every process.
    public Fingerprint add(Object value) {
        byte[] bytes = value.toString().getBytes(StandardCharsets.UTF_8);
        digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
        digest.update(bytes);
        return this;
    }

    Fingerprint add(Tensor tensor) {
        add(tensor.dtype() + " " + tensor.shape());
        digest.update(tensor.data().asByteBuffer());
        return this;
    }

    Fingerprint add(Optional<Tensor> tensor) {
        return tensor.map(this::add).orElseGet(() -> add("-"));
    }

    /// 32 hex digits; the fingerprint cannot be added to afterwards.
    public String hex() {
        return HexFormat.of().formatHex(digest.digest(), 0, SHOWN_BYTES);
    }
}
