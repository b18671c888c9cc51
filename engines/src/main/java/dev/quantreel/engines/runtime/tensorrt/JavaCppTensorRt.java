package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.cuda.driver.CppObject;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Log;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.global.nvonnxparser;
import org.bytedeco.tensorrt.nvinfer.ICudaEngine;
import org.bytedeco.tensorrt.nvinfer.ILogger;
import org.bytedeco.tensorrt.nvinfer.IRuntime;
import org.bytedeco.tensorrt.nvonnxparser.IParser;
import org.bytedeco.tensorrt.nvonnxparser.IParserRefitter;

/// TensorRT 10 through JavaCPP. Making one loads the native libraries, which throws a [LinkageError] whose cause names
/// the missing file; the second attempt in a process loses that cause, so callers keep the first.
///
/// JavaCPP frees nothing that a factory of TensorRT made. Its objects are freed as C++ frees them, by the deleting
/// destructor ([dev.quantreel.engines.runtime.cuda.driver.CppObject]).
final class JavaCppTensorRt implements TensorRtBindings {

    /// TensorRT 10.15 returns small numbers instead of null when there is no device (0x238 of `createInferRuntime`).
    private static final long LEAST_ADDRESS = 1 << 16;

    private final Deleter deleter;
    private final Logger logger;
    private final int parserVersion;

    /// @param deleter frees a C++ object
    /// @throws LinkageError when a library is missing
    JavaCppTensorRt(Deleter deleter) {
        this.deleter = deleter;
        this.logger = new Logger();
        this.parserVersion = nvonnxparser.getNvOnnxParserVersion();
    }

    /// Of the parser, which wants the library of plugins besides; asked when both are loaded.
    int parserVersion() {
        return parserVersion;
    }

    /// What the library says goes to whoever listens; its errors are kept for the exception that follows.
    private static final class Logger extends ILogger {

        /// More than these say nothing new: a build tries, and logs, hundreds of tactics.
        private static final int MOST_ERRORS = 20;

        private final Deque<String> errors = new ArrayDeque<>();
        private Consumer<BuildMessage> listener = message -> {};

        @Override
        @SuppressWarnings("UnsynchronizedOverridesSynchronized")
        public void log(ILogger.Severity severity, String text) {
            BuildMessage.Severity own =
                    switch (severity.intern()) {
                        case kINTERNAL_ERROR -> BuildMessage.Severity.INTERNAL_ERROR;
                        case kERROR -> BuildMessage.Severity.ERROR;
                        case kWARNING -> BuildMessage.Severity.WARNING;
                        case kINFO -> BuildMessage.Severity.INFO;
                        case kVERBOSE -> BuildMessage.Severity.VERBOSE;
                    };
            synchronized (errors) {
                if (own.compareTo(BuildMessage.Severity.ERROR) <= 0) {
                    errors.addLast(text);
                    if (errors.size() > MOST_ERRORS) {
                        errors.removeFirst();
                    }
                }
            }
            if (own != BuildMessage.Severity.VERBOSE) {
                listener.accept(new Log(own, text));
            }
        }

        void forget() {
            synchronized (errors) {
                errors.clear();
            }
        }

        TensorRtException failure(String what) {
            synchronized (errors) {
                String said = errors.isEmpty() ? "; TensorRT did not say why" : ": " + String.join("; ", errors);
                errors.clear();
                return new TensorRtException(what + said);
            }
        }
    }

    /// Speaks up for what the library logs.
    void listen(Consumer<BuildMessage> listener) {
        logger.listener = listener;
    }

    ILogger logger() {
        return logger;
    }

    TensorRtException failure(String what) {
        return logger.failure(what);
    }

    /// Before something that may fail: errors that the library logged earlier and survived are not its reasons.
    void forgetErrors() {
        logger.forget();
    }

    @Override
    public int libraryVersion() {
        return nvinfer.getInferLibVersion();
    }

    @Override
    public int boundVersion() {
        return nvinfer.NV_TENSORRT_VERSION();
    }

    @Override
    public void build(BuildRequest request, Consumer<BuildMessage> listener) throws IOException {
        listen(listener);
        forgetErrors();
        new JavaCppBuild(this, request, listener).run();
    }

    @Override
    public Plan open(MemorySegment plan) {
        forgetErrors();
        IRuntime runtime = required(nvinfer.createInferRuntime(logger), "TensorRT does not start");
        try {
            ICudaEngine engine = required(
                    runtime.deserializeCudaEngine(new At(plan.address()), plan.byteSize()),
                    "the engine cannot be opened, it may be damaged or made for another chip or version");
            return new JavaCppPlan(this, runtime, engine);
        } catch (RuntimeException e) {
            delete(runtime);
            throw e;
        }
    }

    /// @throws TensorRtException when the library gave nothing, with what it logged
    <T extends Pointer> T required(@org.jspecify.annotations.Nullable T pointer, String what) {
        if (pointer == null || !isThere(pointer)) {
            throw logger.failure(what);
        }
        return pointer;
    }

    /// Whether the library gave something.
    static boolean isThere(@org.jspecify.annotations.Nullable Pointer pointer) {
        return pointer != null && pointer.address() >= LEAST_ADDRESS;
    }

    /// @throws TensorRtException when `done` is false, with what the library logged
    void require(boolean done, String what) {
        if (!done) {
            throw logger.failure(what);
        }
    }

    /// Frees objects of C++.
    @FunctionalInterface
    interface Deleter {
        /// As [dev.quantreel.engines.runtime.cuda.driver.CppObject#delete].
        void delete(long address, int slot);
    }

    /// Where an object's class has its deleting destructor: first in NvInfer.h's interfaces, behind the other functions
    /// in NvOnnxParser.h's (10.15: eight of them in IParser, five in IParserRefitter).
    static int destructorSlot(Class<? extends Pointer> type) {
        if (IParser.class.isAssignableFrom(type)) {
            return 9;
        }
        return IParserRefitter.class.isAssignableFrom(type) ? 6 : CppObject.FIRST;
    }

    /// Frees an object that the library made.
    void delete(Pointer object) {
        if (isThere(object)) {
            deleter.delete(object.address(), destructorSlot(object.getClass()));
            object.setNull();
        }
    }

    /// What is freed together, the last first.
    static final class Made implements AutoCloseable {

        private final JavaCppTensorRt library;
        private final Deque<Pointer> objects = new ArrayDeque<>();

        Made(JavaCppTensorRt library) {
            this.library = library;
        }

        /// @throws TensorRtException as [#required]
        <T extends Pointer> T kept(@org.jspecify.annotations.Nullable T pointer, String what) {
            T present = library.required(pointer, what);
            objects.push(present);
            return present;
        }

        @Override
        public void close() {
            while (!objects.isEmpty()) {
                library.delete(objects.pop());
            }
        }
    }

    /// Memory of ours, or a handle, as the bindings take it.
    static final class At extends Pointer {

        At(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }
}
