package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.cuda.driver.CppObject;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Supplier;

/// The process that builds an engine: `BuilderMain REQUEST`. Says on standard output what it does ([BuildMessage]).
public final class BuilderMain {

    private BuilderMain() {}

    /// @param args the file of a [BuildRequest]
    public static void main(String[] args) {
        ParentWatch.start();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.exit(run(args, () -> new JavaCppTensorRt(CppObject::delete), out));
    }

    static int run(String[] args, Supplier<TensorRtBindings> library, PrintStream out) {
        try {
            if (args.length != 1) {
                throw new IllegalArgumentException(
                        "one argument is wanted, the file of a build request; got " + args.length);
            }
            BuildRequest request = BuildRequest.read(Path.of(args[0]));
            library.get().build(request, message -> out.println(message.line()));
            out.println(new BuildMessage.Done("built").line());
            return 0;
        } catch (TensorRtException | IOException | IllegalArgumentException e) {
            out.println(new BuildMessage.Failed(String.valueOf(e.getMessage())).line());
            return 1;
        } catch (LinkageError e) {
            out.println(new BuildMessage.Failed(LoadFailure.describe(e)).line());
            return 1;
        }
    }
}
