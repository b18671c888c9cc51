package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.tensorrt.JavaCppTensorRt.At;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.bytedeco.tensorrt.nvinfer.IBuilderConfig;
import org.bytedeco.tensorrt.nvinfer.IHostMemory;
import org.bytedeco.tensorrt.nvinfer.ITimingCache;

/// Times of tactics that earlier builds measured, in a file that several builds share. A file that is damaged, or made
/// with another driver or for another property of the device, is as good as none: a build goes on with an empty cache.
///
/// @param config that caches are made of and for
/// @param made what is freed with the build
record JavaCppTimingCache(JavaCppTensorRt library, IBuilderConfig config, JavaCppTensorRt.Made made, Path file) {

    /// The times that the file has, or none, set in the configuration.
    ITimingCache open() throws IOException {
        Optional<ITimingCache> known = read();
        if (known.isPresent() && config.setTimingCache(known.get(), false)) {
            return known.get();
        }
        ITimingCache empty = made.kept(create(MemorySegment.NULL), "TensorRT makes no timing cache");
        library.require(config.setTimingCache(empty, false), "an empty timing cache is refused");
        return empty;
    }

    /// Writes the times, with those that another build wrote meanwhile.
    ///
    /// @throws IOException when files cannot be written
    void keep(ITimingCache times) throws IOException {
        Path lock = file.resolveSibling("." + file.getFileName() + ".lock");
        Path part = file.resolveSibling(
                "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part");
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            // Of times for other devices nothing is taken.
            read().ifPresent(others -> times.combine(others, false));
            IHostMemory bytes = made.kept(times.serialize(), "the timing cache cannot be written");
            JavaCppBuild.write(bytes, part);
            EngineCache.move(part, file);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private Optional<ITimingCache> read() throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            ITimingCache cache = create(arena.allocateFrom(ValueLayout.JAVA_BYTE, Files.readAllBytes(file)));
            return JavaCppTensorRt.isThere(cache)
                    ? Optional.of(made.kept(cache, "TensorRT makes no timing cache"))
                    : Optional.empty();
        }
    }

    private @org.jspecify.annotations.Nullable ITimingCache create(MemorySegment bytes) {
        return config.createTimingCache(new At(bytes.address()), bytes.byteSize());
    }
}
