package dev.quantreel.server.config;

import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.safetensors.SafetensorsException;
import dev.quantreel.engines.synth.BadModels;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.synth.TinyModels;
import dev.quantreel.engines.tensor.DType;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel synth`.
@Command(
        name = "synth",
        description = "Writes a checkpoint of a model's real size and names with random weights, for trials of scale"
                + " without downloads. Without MODEL it lists the models.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class SynthCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", arity = "0..1", paramLabel = "MODEL", description = "For example wan-t2v-1.3b.")
    private @Nullable String model;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "File to write, a folder with --sharded. Default: MODEL_synthetic_DTYPE here.")
    private @Nullable Path out;

    @Option(
            names = "--layout",
            paramLabel = "NAME",
            description = "Names and fusing of the tensors: original, comfy, diffusers. Default: ${DEFAULT-VALUE}.")
    private String layout = "original";

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "bf16, f16, f32 or fp8 (the linears of the blocks; the rest is bf16). Default:"
                    + " ${DEFAULT-VALUE}.")
    private String dtype = "bf16";

    @Option(names = "--layers", paramLabel = "N", description = "Keep the first N blocks of every kind; 0 keeps all.")
    private int layers;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the weights. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--sharded", description = "Write shards of at most 5 GB and their index, as diffusers does.")
    private boolean sharded;

    @Option(names = "--sparse", description = "Write the header only; the weights are a hole that takes no room.")
    private boolean sparse;

    @Option(
            names = "--tiny",
            paramLabel = "FOLDER",
            description = "Write a models folder of tiny checkpoints: every family in every layout, text encoders,"
                    + " VAEs, LoRAs; all load and run.")
    private @Nullable Path tiny;

    @Option(
            names = "--bad",
            paramLabel = "FOLDER",
            description = "Write a models folder of tiny checkpoints that are damaged or do not fit together, to see"
                    + " how each is explained.")
    private @Nullable Path bad;

    @Override
    public Integer call() throws Exception {
        PrintWriter terminal = spec.commandLine().getOut();
        if (tiny != null || bad != null) {
            folders(terminal);
            return 0;
        }
        if (model == null) {
            list(terminal);
            return 0;
        }
        if (sparse && sharded) {
            throw new ConfigException("--sparse and --sharded exclude each other");
        }
        try {
            return write(model, terminal);
        } catch (IllegalArgumentException | SafetensorsException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
    }

    private void folders(PrintWriter terminal) throws IOException {
        if (model != null) {
            throw new ConfigException("--tiny and --bad write every family; leave out " + model);
        }
        try {
            if (tiny != null) {
                TinyModels.write(tiny);
                terminal.println("Tiny models are in " + tiny + "; to see them:  ./quantreel models " + tiny);
            }
            if (bad != null) {
                BadModels.write(bad).forEach((file, what) -> terminal.printf("%-55s %s%n", file, what));
                terminal.println("To see how each is explained:  ./quantreel models " + bad);
            }
        } catch (SafetensorsException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new ConfigException("the folder cannot be written: " + e.getMessage());
        }
        terminal.flush();
    }

    private static void list(PrintWriter terminal) {
        for (TransformerRelease release : TransformerRelease.all()) {
            terminal.printf(
                    Locale.ROOT,
                    "%-22s %,17d parameters  %-22s layouts: %s%n",
                    release.name(),
                    release.parameters(),
                    release.architecture().facts().variant(),
                    release.family().layouts().stream().map(KeyLayout::name).collect(Collectors.joining(", ")));
        }
        terminal.flush();
    }

    private int write(String name, PrintWriter terminal) throws Exception {
        TransformerRelease release = TransformerRelease.named(name);
        SyntheticCheckpoint checkpoint = SyntheticCheckpoint.of(
                release.family(),
                release.architecture(),
                new SyntheticCheckpoint.Options(layout, precision(), layers, seed));
        Path target = out != null ? out : Path.of(name + "_synthetic_" + dtype + (sharded ? "" : ".safetensors"));
        ByteProgress progress = new ByteProgress(System.err, "writing " + target, checkpoint.dataBytes());
        try {
            StoppableWork.run(cancellation -> {
                if (sparse) {
                    checkpoint.writeSparse(target);
                } else if (sharded) {
                    checkpoint.writeShards(target, SyntheticCheckpoint.SHARD_BYTES, progress::advance, cancellation);
                } else {
                    checkpoint.write(target, progress::advance, cancellation);
                }
                return 0;
            });
        } catch (CancellationException e) {
            spec.commandLine().getErr().println("Interrupted; nothing was kept.");
            return INTERRUPTED;
        } finally {
            progress.end();
        }
        report(target, checkpoint, progress, terminal);
        return 0;
    }

    private void report(Path target, SyntheticCheckpoint checkpoint, ByteProgress progress, PrintWriter terminal) {
        terminal.printf(
                Locale.ROOT,
                "%s: %,d parameters in %d tensors, %s%s%n",
                target,
                checkpoint.parameters(),
                checkpoint.tensorCount(),
                ByteProgress.megabytes(checkpoint.dataBytes()),
                sparse
                        ? " of which only the header takes room"
                        : String.format(
                                Locale.ROOT,
                                ", %.1f s, %s; %s",
                                progress.seconds(),
                                progress.rate(),
                                ResidentMemory.now().describe()));
        terminal.flush();
    }

    private DType precision() {
        return switch (dtype.toLowerCase(Locale.ROOT)) {
            case "bf16" -> DType.BF16;
            case "f16", "fp16" -> DType.F16;
            case "f32", "fp32" -> DType.F32;
            case "fp8" -> DType.F8_E4M3;
            default -> throw new ConfigException("--dtype is " + dtype + "; accepted are bf16, f16, f32, fp8");
        };
    }
}
