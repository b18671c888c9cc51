package dev.quantreel.server.config;

import dev.quantreel.engines.artifact.Artifact;
import dev.quantreel.engines.artifact.Recipe;
import dev.quantreel.engines.checkpoint.CheckpointCensus;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.export.ClipRange;
import dev.quantreel.engines.export.ComputePrecision;
import dev.quantreel.engines.export.ExportFiles;
import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.export.ExportSettings;
import dev.quantreel.engines.export.ExportSource;
import dev.quantreel.engines.export.LaidOut;
import dev.quantreel.engines.export.OnnxExport;
import dev.quantreel.engines.export.OnnxFiles;
import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.ProfileShapes;
import dev.quantreel.engines.export.RecodingPolicy;
import dev.quantreel.engines.export.lint.InputRange;
import dev.quantreel.engines.export.lint.LintReport;
import dev.quantreel.engines.export.lint.TensorRtLint;
import dev.quantreel.engines.export.lint.TensorRtTarget;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.CheckpointException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel export`.
@Command(
        name = "export",
        description =
                "Writes a diffusion transformer as ONNX for other programs: exact integers, or the typed forms that"
                        + " TensorRT builds engines of, with a check of what TensorRT would say. With --lint it checks ONNX"
                        + " files of any origin and writes nothing; it ends with 1 where something would be refused.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ExportCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;
    private static final int REFUSED = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0..*",
            paramLabel = "FILE",
            description = "Checkpoint: a file, an index of shards, or a diffusers folder; quantized ones of quantreel"
                    + " quantize too. With --lint: ONNX files.")
    private List<Path> files = List.of();

    @Option(
            names = "--form",
            paramLabel = "FORM",
            description = "integer (MatMulInteger, exact), qdq-int8 (W8A8), int4 (W4A16), fp8, or bf16, fp16 and fp32"
                    + " (not quantized). Default: ${DEFAULT-VALUE}.")
    private String form = "qdq-int8";

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description = "Type of the products of typed forms: bf16, fp16 or fp32. Default: ${DEFAULT-VALUE}.")
    private String precision = "bf16";

    @Option(
            names = "--recipe",
            paramLabel = "RECIPE",
            description = "How to quantize: a JSON file, or the name of a shipped recipe. Files that are quantized"
                    + " already need none.")
    private @Nullable String recipe;

    @Option(
            names = "--bits",
            paramLabel = "N",
            description = "Bits of the activations in the integer form; 0 makes them a graph input. Default: 0.")
    private int bits;

    @Option(
            names = "--block",
            paramLabel = "N",
            description = "Inputs that share a scale in the form int4. Default: ${DEFAULT-VALUE}.")
    private int block = ExportSettings.BLOCK;

    @Option(names = "--exact", description = "Refuse weights that the form cannot hold as they were quantized.")
    private boolean exact;

    @Option(names = "--both-branches", description = "Write the trunk that runs both branches of guidance at once too.")
    private boolean bothBranches;

    @Option(
            names = "--sizes",
            paramLabel = "WxHxFRAMES[,..]",
            description = "Clips of the optimisation profiles: one size, or least, usual and largest with commas."
                    + " Without it none are written.")
    private String sizes = "";

    @Option(
            names = "--text-tokens",
            paramLabel = "N[,..]",
            description = "Tokens of the prompt, in the same manner. Default: as many as the model reads.")
    private String textTokens = "";

    @Option(
            names = "--target",
            paramLabel = "VERSION",
            description = "TensorRT that the files are checked for: 10.15 or 11. Default: ${DEFAULT-VALUE}.")
    private String target = "10.15";

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FOLDER",
            description = "Folder to write to. Default: the name of FILE with the form's, here.")
    private @Nullable Path out;

    @Option(names = "--force", description = "Write into a folder that holds an export already.")
    private boolean force;

    @Option(names = "--lint", description = "Check ONNX files and write nothing.")
    private boolean lint;

    @Mixin
    private CalibrationOptions calibration = new CalibrationOptions();

    @Override
    public Integer call() throws Exception {
        try {
            TensorRtTarget wanted = TensorRtTarget.of(target)
                    .orElseThrow(() ->
                            new ConfigException("--target is " + target + "; accepted are " + TensorRtTarget.ids()));
            if (lint) {
                return check(wanted);
            }
            if (files.size() != 1) {
                throw new ConfigException("export takes one checkpoint, got " + files.size());
            }
            try (CheckpointFile file = CheckpointFiles.open(files.getFirst())) {
                return StoppableWork.run(cancellation -> export(file, settings(), wanted, cancellation));
            }
        } catch (CancellationException e) {
            spec.commandLine().getErr().println("Interrupted; nothing was kept.");
            return INTERRUPTED;
        } catch (CheckpointException | IllegalArgumentException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new ConfigException("cannot read or write: " + e);
        }
    }

    private int check(TensorRtTarget wanted) throws IOException {
        if (files.isEmpty()) {
            throw new ConfigException("--lint takes ONNX files; none was named");
        }
        boolean green = true;
        for (Path file : files) {
            Path beside = OptimizationProfile.beside(file);
            Optional<Map<String, InputRange>> ranges = Files.exists(beside)
                    ? Optional.of(ExportFiles.ranges(OptimizationProfile.read(beside)))
                    : Optional.empty();
            LintReport report = TensorRtLint.check(OnnxFiles.read(file), wanted, ranges);
            spec.commandLine().getOut().println(file);
            report.lines().forEach(line -> spec.commandLine().getOut().println(line));
            green &= report.isGreen();
        }
        spec.commandLine().getOut().flush();
        return green ? 0 : REFUSED;
    }

    /// `bf16` and the like are forms and precisions at once.
    private ExportSettings settings() {
        Optional<ComputePrecision> plain = precision(form);
        ExportForm wanted = plain.isPresent()
                ? ExportForm.PLAIN
                : ExportForm.of(form)
                        .orElseThrow(() -> new ConfigException("--form is " + form + "; accepted are integer, qdq-int8,"
                                + " int4, fp8, bf16, fp16 and fp32"));
        ComputePrecision products = plain.or(() -> precision(precision))
                .orElseThrow(() ->
                        new ConfigException("--precision is " + precision + "; accepted are bf16, fp16 and fp32"));
        return ExportSettings.of(wanted, products)
                .with(exact ? RecodingPolicy.REFUSE : RecodingPolicy.REQUANTIZE)
                .withBlockSize(block)
                .withActivationBits(bits)
                .withBothBranches(bothBranches);
    }

    private static Optional<ComputePrecision> precision(String name) {
        return Arrays.stream(ComputePrecision.values())
                .filter(own -> own.name().equals(name.toUpperCase(Locale.ROOT)))
                .findFirst();
    }

    private int export(
            CheckpointFile file, ExportSettings settings, TensorRtTarget wanted, CancellationToken cancellation)
            throws Exception {
        TransformerCheckpoint model = TransformerCheckpoint.of(file);
        Path folder = out != null ? out : Path.of(stem(file) + "_" + settings.form());
        if (Files.exists(folder.resolve("trunk.onnx")) && !force) {
            throw new ConfigException("-o " + folder + " holds an export; --force replaces it");
        }
        Optional<ClipRange> range =
                sizes.isBlank() ? Optional.empty() : Optional.of(ClipRange.parse(sizes, textTokens, model.facts()));
        ExportSource source = source(file, model, settings, cancellation);
        Path cache = ServerConfig.homeFolder().resolve("cache");
        OnnxExport.Result result =
                new OnnxExport(source, settings, tensor -> LaidOut.inFile(tensor, cache), cancellation).build();
        Map<String, OptimizationProfile> profiles =
                range.isPresent() ? ProfileShapes.of(model, result.graphs(), range.get()) : Map.of();
        List<ExportFiles.Written> written = new ExportFiles(folder, part -> part)
                .write(
                        result,
                        profiles,
                        wanted,
                        (part, done, total) ->
                                spec.commandLine().getErr().println("writing " + part + " " + (done + 1) + "/" + total),
                        cancellation);
        report(folder, result, written, model);
        return written.stream().flatMap(part -> part.lint().stream()).allMatch(LintReport::isGreen) ? 0 : REFUSED;
    }

    private ExportSource source(
            CheckpointFile file, TransformerCheckpoint model, ExportSettings settings, CancellationToken cancellation)
            throws Exception {
        Optional<Artifact> artifact = Artifact.of(file.stored());
        if (!settings.form().isQuantized()) {
            return new ExportSource(model, Optional.empty(), LowRankBranches.NONE, artifact.isEmpty());
        }
        if (artifact.isPresent()) {
            if (recipe != null) {
                throw new ConfigException("--recipe " + recipe + ": " + files.getFirst()
                        + " is quantized already; leave it out, or export "
                        + artifact.get().header().source().name());
            }
            QuantizationPlan plan = artifact.get().header().recipe().plan();
            return new ExportSource(
                    model, Optional.of(artifact.get().weights(model, plan, cancellation)), LowRankBranches.NONE, false);
        }
        if (recipe == null) {
            throw new ConfigException("--form " + form + " holds quantized weights: name a --recipe, one of "
                    + String.join(", ", ShippedRecipes.names()) + ", or export a file of quantreel quantize");
        }
        QuantizationPlan plan = Recipe.read(ShippedRecipes.file(recipe)).plan();
        return new ExportSource(
                model, Optional.of(quantized(file, model, plan, cancellation)), LowRankBranches.NONE, true);
    }

    private QuantizedWeights quantized(
            CheckpointFile file, TransformerCheckpoint model, QuantizationPlan plan, CancellationToken cancellation)
            throws Exception {
        Path statistics = Files.createTempDirectory("quantreel-export");
        CalibrationOptions.Task task =
                new CalibrationOptions.Task(model, plan, CheckpointCensus.identity(file), statistics.resolve("sums"));
        try (CalibrationOptions.Calibrated calibrated = calibration.open(task, cancellation)) {
            QuantizedWeights weights = QuantizedWeights.of(
                            new QuantizedWeights.Source(
                                    model.asPlanned(plan), model.blockLinears(), calibrated.statistics()),
                            plan,
                            this::tell,
                            cancellation)
                    .withModulations(
                            model.architecture().modulationLinears(),
                            model.architecture()::modulationBits,
                            this::tell,
                            cancellation);
            calibrated.discard();
            return weights;
        } finally {
            Files.deleteIfExists(statistics);
        }
    }

    private void tell(String layer, int done, int total) {
        boolean terminal = System.console() != null && System.console().isTerminal();
        if (terminal) {
            PrintWriter err = spec.commandLine().getErr();
            err.print("\r\u001b[Kquantizing " + done + "/" + total + " " + (done == total ? "\n" : layer));
            err.flush();
        }
    }

    private void report(
            Path folder, OnnxExport.Result result, List<ExportFiles.Written> written, TransformerCheckpoint model) {
        PrintWriter terminal = spec.commandLine().getOut();
        ExportSettings settings = result.report().settings();
        terminal.println(folder + ": " + model.facts().variant());
        terminal.println("form       " + settings.form() + ", "
                + settings.form().says() + (settings.form().isTyped() ? ", products in " + settings.precision() : ""));
        result.report().lines().forEach(terminal::println);
        written.forEach(part -> part.lint().ifPresent(found -> found.lines().forEach(terminal::println)));
        ExportFiles.table(written, model).forEach(terminal::println);
        terminal.println(ResidentMemory.now().describe());
        terminal.flush();
    }

    private static String stem(CheckpointFile file) {
        String name = String.valueOf(file.path().toAbsolutePath().normalize().getFileName());
        return name.replaceFirst("\\.(safetensors\\.index\\.json|safetensors|gguf)$", "");
    }
}
