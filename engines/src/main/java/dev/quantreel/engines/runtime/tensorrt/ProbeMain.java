package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.cuda.driver.CppObject;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import dev.quantreel.engines.runtime.tensorrt.TensorRtProbe.Ready;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/// The process that touches the GPU and TensorRT for the first time. Ends with what is there
/// ([TensorRtProbe.Ready]), or
/// with why there is nothing.
public final class ProbeMain {

    private ProbeMain() {}

    /// Takes no arguments.
    public static void main(String[] args) {
        ParentWatch.start();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.exit(run(() -> DriverDevice.open(0), () -> new JavaCppTensorRt(CppObject::delete), out));
    }

    static int run(Supplier<Device> gpu, Supplier<TensorRtBindings> library, PrintStream out) {
        try (Device device = gpu.get()) {
            TensorRtBindings tensorRt = library.get();
            int bound = tensorRt.boundVersion();
            int loaded = tensorRt.libraryVersion();
            if (loaded / 10_000 != bound / 10_000 || loaded / 100 < bound / 100) {
                out.println(new BuildMessage.Failed("TensorRT " + TensorRtBindings.versionText(loaded)
                                + " is installed; the bindings take " + bound / 10_000 + "." + bound / 100 % 100
                                + " and newer ones of " + bound / 10_000 + ".x; "
                                + TensorRtEngineProvider.HOW_TO_INSTALL)
                        .line());
                return 1;
            }
            out.println(new BuildMessage.Done(new Ready(loaded, device.chip(), device.totalBytes()).text()).line());
            return 0;
        } catch (LinkageError e) {
            out.println(new BuildMessage.Failed(LoadFailure.describe(e)).line());
            return 1;
        } catch (CudaException | NativeLibraryException e) {
            out.println(new BuildMessage.Failed("the GPU does not open: " + e.getMessage()).line());
            return 1;
        }
    }
}
