package dev.quantreel.server.config;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.convert.ComfyConversion;
import dev.quantreel.engines.convert.ComfyFormat;
import dev.quantreel.engines.convert.PlainConversion;
import dev.quantreel.engines.lora.LoraCheckpoint;
import dev.quantreel.engines.lora.LoraFile;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel convert`.
@Command(
        name = "convert",
        description =
                "Writes a checkpoint in another format: quantized as ComfyUI reads it (convrot_w4a4, int8_convrot,"
                        + " int8_tensorwise), or unpacked (bf16, fp16, fp32). Reads safetensors, shards, diffusers folders,"
                        + " fp8_scaled, comfy_quant and GGUF.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ConvertCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "SRC", description = "Checkpoint: a file, an index of shards, or a diffusers folder.")
    private Path source = Path.of("");

    @Option(
            names = "--format",
            required = true,
            paramLabel = "FORMAT",
            description = "convrot_w4a4, int8_convrot, int8_tensorwise, bf16, fp16 or fp32.")
    private String format = "";

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The .safetensors file to write.")
    private Path target = Path.of("");

    @Option(
            names = "--keep",
            paramLabel = "REGEX",
            description = "Layers to leave as they are, by their names in the file.")
    private String keep = "";

    @Option(names = "--lora", paramLabel = "FILE[:STRENGTH]", description = "LoRA to merge first; may be repeated.")
    private List<String> loras = new ArrayList<>();

    @Option(names = "--force", description = "Replace FILE if it exists.")
    private boolean force;

    /// Where a LoRA lies, and how strongly it acts.
    private record Lora(Path file, double strength) {

        static Lora of(String text) {
            int colon = text.lastIndexOf(':');
            if (colon > 0 && !Files.exists(Path.of(text))) {
                try {
                    return new Lora(Path.of(text.substring(0, colon)), Double.parseDouble(text.substring(colon + 1)));
                } catch (NumberFormatException e) {
                    throw new ConfigException("--lora " + text + ": expected FILE or FILE:STRENGTH");
                }
            }
            return new Lora(Path.of(text), 1);
        }
    }

    @Override
    public Integer call() throws Exception {
        if (Files.exists(target) && !force) {
            throw new ConfigException("--out " + target + " exists; --force replaces it");
        }
        List<CheckpointFile> open = new ArrayList<>();
        try {
            Checkpoint checkpoint = open(source, open);
            for (String text : loras) {
                Lora lora = Lora.of(text);
                checkpoint = LoraCheckpoint.of(checkpoint, LoraFile.of(open(lora.file(), open)), lora.strength());
            }
            Checkpoint merged = checkpoint;
            String report = StoppableWork.run(cancellation -> convert(merged, cancellation));
            spec.commandLine().getOut().println(target + ": " + report);
            spec.commandLine().getOut().flush();
            return 0;
        } catch (CheckpointException | IllegalArgumentException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        } finally {
            open.forEach(CheckpointFile::close);
        }
    }

    private static CheckpointFile open(Path path, List<CheckpointFile> open) {
        CheckpointFile file = CheckpointFiles.open(path);
        open.add(file);
        return file;
    }

    private String convert(Checkpoint checkpoint, CancellationToken cancellation) {
        Optional<PlainConversion.Type> plain = PlainConversion.Type.of(format);
        if (plain.isPresent()) {
            long bytes = PlainConversion.write(checkpoint, target, plain.get(), progress(), cancellation);
            return "%,d tensors, %,d bytes".formatted(checkpoint.names().size(), bytes);
        }
        ComfyConversion.Report report = ComfyConversion.write(
                checkpoint,
                target,
                new ComfyConversion.Settings(ComfyFormat.of(format), new LayerRule(keep)),
                progress(),
                cancellation);
        return "%d layers in %s, %d kept, %,d bytes, relative error %.4f (worst %.4f, %s)"
                .formatted(
                        report.quantized(),
                        format,
                        report.kept().size(),
                        report.bytes(),
                        report.relativeError(),
                        report.worst().relativeError(),
                        report.worst().layer());
    }

    private QuantizationProgress progress() {
        PrintWriter err = spec.commandLine().getErr();
        boolean terminal = System.console() != null && System.console().isTerminal();
        return (layer, done, total) -> {
            if (terminal) {
                err.print("\r\u001b[K" + done + "/" + total + " " + (done == total ? "\n" : layer));
                err.flush();
            }
        };
    }
}
