package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Failed;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Log;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Progress;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The building process with a library that behaves as the name of the model says.
final class ObstinateBuilder {

    private ObstinateBuilder() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        ParentWatch.start();
        if (args.length == 0) {
            Thread.sleep(600_000);
        }
        BuildRequest request = BuildRequest.read(Path.of(args[0]));
        String behaviour = request.model().getFileName().toString().replace(".onnx", "");
        say(new Progress("pid " + ProcessHandle.current().pid(), 1, 3));
        switch (behaviour) {
            case "builds" -> {
                say(new Log(Severity.WARNING, "a warning\nof two lines"));
                Files.writeString(
                        request.plan(), "plan of level " + request.options().optimizationLevel());
                Files.writeString(request.timingCache(), "times");
                say(new BuildMessage.Done("built"));
            }
            case "hangs" -> {
                Files.writeString(request.plan(), "half a pl");
                Thread.sleep(600_000);
            }
            case "aborts" -> {
                // As libstdc++ does when TensorRT 10.6 finds no GPU.
                System.err.println("terminate called after throwing an instance of 'nvinfer1::APIUsageError'");
                System.err.println("  what():  CUDA initialization failure with error: 35");
                Files.writeString(request.plan(), "half a pl");
                signal("ABRT");
            }
            case "crashes" -> {
                say(new Log(Severity.ERROR, "tactic 0x17 is odd"));
                signal("SEGV");
            }
            case "is killed" -> signal("KILL");
            case "refuses" -> {
                say(new Failed("the graph is refused: node 3 (MatMulInteger): no importer"));
                System.exit(1);
            }
            case "forgets" -> say(new BuildMessage.Done("built"));
            default -> throw new IllegalArgumentException(behaviour);
        }
    }

    private static void say(BuildMessage message) {
        System.out.println(message.line());
    }

    private static void signal(String name) throws IOException, InterruptedException {
        System.out.flush();
        new ProcessBuilder(List.of(
                        "kill",
                        "-" + name,
                        Long.toString(ProcessHandle.current().pid())))
                .start()
                .waitFor();
        Thread.sleep(600_000);
    }
}
