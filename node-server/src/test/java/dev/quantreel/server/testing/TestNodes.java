package dev.quantreel.server.testing;

import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.PortType;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.server.graph.NodeCatalog;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A pack of small nodes, new for each test.
public final class TestNodes {

    private static final PortType INT = new PortType.IntType(0, 1000, 1, false);
    private static final PortType ANY = new PortType.SocketType("*");

    private final AtomicInteger openResources = new AtomicInteger();
    private final CountDownLatch waiting = new CountDownLatch(1);
    private final Map<String, SmallNode> nodes = nodes().stream()
            .collect(Collectors.toMap(node -> node.spec().id(), Function.identity(), (a, b) -> a, LinkedHashMap::new));

    /// The pack as a catalogue.
    public NodeCatalog catalog() {
        return new NodeCatalog.Builder()
                .add("testing", false, List.<NodeDefinition>copyOf(nodes.values()))
                .build();
    }

    /// How often a kind of node ran.
    public int runs(String id) {
        SmallNode node = nodes.get(id);
        return node == null ? 0 : node.runs();
    }

    /// Resources loaded and not closed.
    public int openResources() {
        return openResources.get();
    }

    /// Opened once a `Wait` node runs.
    public CountDownLatch waiting() {
        return waiting;
    }

    private List<SmallNode> nodes() {
        return List.of(
                SmallNode.named("Number")
                        .in("value", new PortType.IntType(0, 1000, 1, true), 1L)
                        .out("value", INT)
                        .does((in, context) -> List.of(value(in, "value"))),
                SmallNode.named("Add")
                        .in("a", INT, 0L)
                        .in("b", INT, 0L)
                        .out("sum", INT)
                        .does((in, context) -> List.of((Long) value(in, "a") + (Long) value(in, "b"))),
                SmallNode.named("Text")
                        .in("text", new PortType.StringType(false), "")
                        .in("size", new PortType.FloatType(0, 10, 0.1), 1.0)
                        .in("loud", new PortType.BooleanType(), false)
                        .in("mood", new PortType.ComboType(folders -> List.of("calm", "wild")), "calm")
                        .out("text", new PortType.StringType(false))
                        .does((in, context) -> List.of(value(in, "text") + "/" + value(in, "size") + "/"
                                + value(in, "loud") + "/" + value(in, "mood"))),
                SmallNode.named("Pass")
                        .in("value", ANY)
                        .out("value", ANY)
                        .does((in, context) -> List.of(value(in, "value"))),
                SmallNode.named("Random")
                        .notCacheable()
                        .out("value", INT)
                        .does((in, context) -> List.of(System.nanoTime())),
                SmallNode.named("Show").in("value", ANY).endsGraph().does((in, context) -> {
                    context.show(new UiItem.Text(value(in, "value").toString()));
                    return List.of();
                }),
                SmallNode.named("Vary")
                        .in("value", ANY)
                        .in("node", new PortType.StringType(false), "")
                        .in("input", new PortType.StringType(false), "value")
                        .in("values", new PortType.StringType(false), "")
                        .endsGraph()
                        .does(TestNodes::vary),
                SmallNode.named("Save").in("value", ANY).endsGraph().does(TestNodes::save),
                SmallNode.named("Work")
                        .in("steps", INT, 3L)
                        .out("value", INT)
                        .does((in, context) -> work((Long) value(in, "steps"), context)),
                SmallNode.named("Wait").optional("value", ANY).out("value", INT).does((in, context) -> wait(context)),
                SmallNode.named("Fail")
                        .in("how", new PortType.StringType(false), "")
                        .optional("value", ANY)
                        .out("value", ANY)
                        .does((in, context) -> fail(value(in, "how").toString())),
                SmallNode.named("Load")
                        .in("key", new PortType.StringType(false), "a")
                        .out("value", INT)
                        .does(this::load),
                SmallNode.named("Image")
                        .out("image", new PortType.SocketType("IMAGE"))
                        .does((in, context) -> List.of("picture")),
                SmallNode.named("NeedsImage")
                        .in("image", new PortType.SocketType("IMAGE,MASK"))
                        .endsGraph()
                        .does((in, context) -> List.of()));
    }

    /// Shows what it would be given for each of some values of an input before it.
    private static List<Object> vary(NodeInputs inputs, NodeContext context) throws Exception {
        for (String text : value(inputs, "values").toString().split(",")) {
            Upstream.Change change = new Upstream.Change(
                    value(inputs, "node").toString(), value(inputs, "input").toString(), text);
            Optional<String> refusal = context.upstream().refusal(change);
            context.show(new UiItem.Text(
                    refusal.isPresent()
                            ? refusal.get()
                            : value(context.upstream().inputs(List.of(change)), "value")
                                    .toString()));
        }
        context.show(new UiItem.Text(context.upstream().sources().toString()));
        return List.of();
    }

    private static Object value(NodeInputs inputs, String name) {
        return inputs.value(name).orElseThrow();
    }

    private static List<Object> save(NodeInputs inputs, NodeContext context) throws IOException {
        Path folder = Files.createDirectories(context.folders().output());
        Files.writeString(folder.resolve("result.txt"), value(inputs, "value").toString());
        context.show(new UiItem.FileItem(UiItem.Kind.FILES, "result.txt", "", UiItem.Root.OUTPUT, "text/plain"));
        return List.of();
    }

    private static List<Object> work(long steps, NodeContext context) {
        for (long i = 1; i <= steps; i++) {
            context.preview(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB));
            context.progress(i, steps);
        }
        return List.of(steps);
    }

    /// Runs until it is interrupted, as a native call with a hook would.
    private List<Object> wait(NodeContext context) throws InterruptedException {
        CountDownLatch cancelled = new CountDownLatch(1);
        try (var ignored = context.cancellation().onCancel(cancelled::countDown)) {
            waiting.countDown();
            cancelled.await();
        }
        context.cancellation().throwIfCancelled();
        return List.of(1L);
    }

    private static List<Object> fail(String how) {
        return switch (how) {
            case "input" -> throw new NodeInputException("how", "'input' is not accepted here");
            case "error" -> throw new StackOverflowError("made on purpose");
            case "outputs" -> List.of();
            default -> throw new IllegalStateException("failed as asked: " + how);
        };
    }

    private List<Object> load(NodeInputs inputs, NodeContext context) throws Exception {
        context.resources().get(value(inputs, "key").toString(), Resource.class, () -> new Resource(openResources));
        return List.of(1L);
    }

    private record Resource(AtomicInteger open) implements AutoCloseable {
        private Resource {
            open.incrementAndGet();
        }

        @Override
        public void close() {
            open.decrementAndGet();
        }
    }
}
