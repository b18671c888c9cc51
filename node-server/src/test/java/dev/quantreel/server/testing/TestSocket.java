package dev.quantreel.server.testing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.server.workflow.Json;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A WebSocket client that keeps messages in order.
public final class TestSocket implements AutoCloseable {

    private static final long TIMEOUT_SECONDS = 20;

    private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();
    private final WebSocket socket;

    private TestSocket(HttpClient client, URI uri) {
        this.socket = client.newWebSocketBuilder()
                .buildAsync(uri, new Collector(messages))
                .join();
    }

    /// One message: text as JSON, or a binary frame.
    public record Message(JsonNode json, ByteBuffer bytes) {
        public String type() {
            return json.isMissingNode()
                    ? "binary " + bytes.getInt(0)
                    : json.path("type").asText();
        }

        public JsonNode data() {
            return json.path("data");
        }
    }

    static TestSocket open(HttpClient client, URI uri) {
        return new TestSocket(client, uri);
    }

    public void send(String text) {
        socket.sendText(text, true).join();
    }

    /// The next message.
    public Message next() {
        try {
            Message message = messages.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            if (message == null) {
                throw new IllegalStateException("no message came");
            }
            return message;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /// All messages up to the first that matches, which is the last of the list.
    public List<Message> until(Predicate<Message> last) {
        List<Message> seen = new ArrayList<>();
        do {
            seen.add(next());
        } while (!last.test(seen.getLast()));
        return seen;
    }

    /// All messages up to the end marker of a prompt.
    public List<Message> untilEnd() {
        return until(message -> message.type().equals("executing")
                && message.data().path("node").isNull());
    }

    @Override
    public void close() {
        socket.abort();
    }

    private static final class Collector implements WebSocket.Listener {
        private final BlockingQueue<Message> messages;
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream binary = new ByteArrayOutputStream();

        Collector(BlockingQueue<Message> messages) {
            this.messages = messages;
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                messages.add(new Message(Json.read(text.toString()), ByteBuffer.allocate(0)));
                text.setLength(0);
            }
            webSocket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket webSocket, ByteBuffer data, boolean last) {
            byte[] part = new byte[data.remaining()];
            data.get(part);
            binary.writeBytes(part);
            if (last) {
                messages.add(new Message(Json.object().path("none"), ByteBuffer.wrap(binary.toByteArray())));
                binary.reset();
            }
            webSocket.request(1);
            return null;
        }
    }
}
