package dev.quantreel.engines.calibration;

import dev.quantreel.engines.safetensors.SafetensorsException;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/// A folder of what was gathered so far, so that it need neither be in memory nor be gathered again after a kill: named
/// sets of tensors, each a file that is whole or not there, with a sum that is checked before it is believed. For one
/// process and one thread at a time.
final class StatisticsStore {

    /// What content lies in.
    static final String TENSOR = "tensor";

    private static final String IDENTITY = "identity.txt";
    private static final String SUFFIX = ".safetensors";
    private static final String SUM = "crc32c";
    private static final long PIECE_BYTES = 8L << 20;

    private final Path folder;

    private StatisticsStore(Path folder) {
        this.folder = folder;
    }

    /// Opens a folder, or makes it.
    ///
    /// @param identity of what is gathered, in any words
    /// @throws CheckpointException when the folder holds something else, or cannot be written
    static StatisticsStore open(Path folder, String identity) {
        StatisticsStore store = new StatisticsStore(folder);
        Path file = folder.resolve(IDENTITY);
        try {
            Files.createDirectories(folder);
            if (!Files.exists(file)) {
                store.discard();
                Files.createDirectories(folder);
                store.writeText(file, identity);
            } else if (!Files.readString(file).equals(identity)) {
                throw new CheckpointException(
                        folder.toString(),
                        "holds statistics of another source, recipe, size, prompt or version; to begin anew delete it"
                                + " (--restart does), or write to another file");
            }
            return store;
        } catch (IOException e) {
            throw store.cannot("be written", e);
        }
    }

    private CheckpointException cannot(String what, IOException cause) {
        return new CheckpointException(folder.toString(), "cannot " + what + ": " + cause.getMessage(), cause);
    }

    private Path file(String name) {
        return folder.resolve(name + SUFFIX);
    }

    boolean has(String name) {
        return Files.exists(file(name));
    }

    /// Keeps tensors under a name, in place of what was there.
    void put(String name, Map<String, Tensor> tensors, Map<String, String> metadata) {
        Map<String, SafetensorsPlan.Type> types = new HashMap<>();
        tensors.forEach((part, tensor) -> types.put(part, new SafetensorsPlan.Type(tensor.dtype(), tensor.shape())));
        Map<String, String> described = new HashMap<>(metadata);
        described.put(SUM, sum(tensors));
        SafetensorsPlan plan = SafetensorsPlan.of(name, types, described);
        Path temporary = folder.resolve("." + name + ".part");
        try {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                write(channel, plan.headerBytes());
                for (String part : plan.header().entries().keySet()) {
                    MemorySegment data = tensor(tensors, part).data();
                    for (long at = 0; at < data.byteSize(); at += PIECE_BYTES) {
                        write(
                                channel,
                                data.asSlice(at, Math.min(PIECE_BYTES, data.byteSize() - at))
                                        .asByteBuffer());
                    }
                }
            }
            Files.move(temporary, file(name), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw cannot("be written", e);
        }
    }

    private static Tensor tensor(Map<String, Tensor> tensors, String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalStateException("no tensor " + name + " among " + tensors.keySet());
        }
        return tensor;
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static String sum(Map<String, Tensor> tensors) {
        CRC32C sum = new CRC32C();
        for (String name : tensors.keySet().stream().sorted().toList()) {
            sum.update(name.getBytes(StandardCharsets.UTF_8));
            MemorySegment data = tensor(tensors, name).data();
            for (long at = 0; at < data.byteSize(); at += PIECE_BYTES) {
                sum.update(data.asSlice(at, Math.min(PIECE_BYTES, data.byteSize() - at))
                        .asByteBuffer());
            }
        }
        return Long.toHexString(sum.getValue());
    }

    /// What is kept under a name, mapped; whoever asks closes it.
    ///
    /// @throws CheckpointException when it is not there, or damaged
    SafetensorsFile open(String name) {
        try {
            SafetensorsFile file = SafetensorsFile.open(file(name));
            Map<String, Tensor> tensors = new HashMap<>();
            file.names().forEach(part -> tensors.put(part, file.tensor(part)));
            if (sum(tensors).equals(file.metadata().get(SUM))) {
                return file;
            }
            file.close();
        } catch (SafetensorsException e) {
            throw damaged(name, e);
        }
        throw damaged(name, new IllegalStateException("its sum differs"));
    }

    private CheckpointException damaged(String name, Exception cause) {
        return new CheckpointException(
                file(name).toString(),
                "is damaged (" + cause.getMessage() + "); delete the folder to gather statistics anew (--restart does)",
                cause);
    }

    /// Keeps a tensor once, however often it is given.
    ///
    /// @return the name it is kept under, in which it lies as [#TENSOR]
    String content(Tensor tensor) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((tensor.dtype() + tensor.shape().toString()).getBytes(StandardCharsets.UTF_8));
            MemorySegment data = tensor.data();
            for (long at = 0; at < data.byteSize(); at += PIECE_BYTES) {
                digest.update(data.asSlice(at, Math.min(PIECE_BYTES, data.byteSize() - at))
                        .asByteBuffer());
            }
            String name = "content-" + HexFormat.of().formatHex(digest.digest(), 0, 16);
            if (!has(name)) {
                put(name, Map.of(TENSOR, tensor), Map.of());
            }
            return name;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /// Keeps lines of text under a name.
    void putLines(String name, List<String> lines) {
        try {
            writeText(folder.resolve(name + ".txt"), String.join("\n", lines));
        } catch (IOException e) {
            throw cannot("be written", e);
        }
    }

    boolean hasLines(String name) {
        return Files.exists(folder.resolve(name + ".txt"));
    }

    List<String> lines(String name) {
        try {
            return Files.readAllLines(folder.resolve(name + ".txt"));
        } catch (IOException e) {
            throw cannot("be read", e);
        }
    }

    private void writeText(Path file, String text) throws IOException {
        Path temporary = folder.resolve("." + file.getFileName() + ".part");
        Files.writeString(temporary, text);
        Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    /// Forgets everything whose name begins so, lines and tensors.
    void delete(String prefix) {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = new ArrayList<>(
                    files.filter(file -> String.valueOf(file.getFileName()).startsWith(prefix))
                            .toList());
            for (Path file : found) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw cannot("be emptied", e);
        }
    }

    /// Bytes of all files.
    long bytes() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Deletes the folder.
    void discard() {
        discard(folder);
    }

    static void discard(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new CheckpointException(folder.toString(), "cannot be deleted: " + e.getMessage(), e);
        }
    }
}
