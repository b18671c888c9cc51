package dev.quantreel.server.http;

import io.javalin.websocket.WsContext;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.websocket.api.Callback;

/// One connected browser or script: messages go out in order from a thread of its own, so that a client that does not
/// read holds up nobody. It is disconnected when too many messages wait.
final class WebSocketClient {

    private static final int MAX_WAITING = 8192;
    private static final int BUSY = 64;
    private static final long SEND_SECONDS = 30;

    private final String id;
    private final WsContext context;
    private final BlockingQueue<Message> waiting = new LinkedBlockingQueue<>(MAX_WAITING);
    private volatile boolean previewMetadata;
    private volatile boolean modern;
    private volatile boolean closed;

    private sealed interface Message {
        record Text(String text) implements Message {}

        record Binary(ByteBuffer bytes) implements Message {}

        record End() implements Message {}
    }

    WebSocketClient(String id, WsContext context) {
        this.id = id;
        this.context = context;
    }

    void start() {
        Thread.ofVirtual().name("ws-" + id).start(this::sendAll);
    }

    String id() {
        return id;
    }

    String sessionId() {
        return context.sessionId();
    }

    /// Notes what the client said it understands.
    void understands(boolean metadataOfPreviews) {
        modern = true;
        previewMetadata = metadataOfPreviews;
    }

    boolean understandsPreviewMetadata() {
        return previewMetadata;
    }

    /// Whether the client named its features at all.
    boolean isModern() {
        return modern;
    }

    /// Whether so much waits that previews and progress are better left out.
    boolean isBusy() {
        return waiting.size() > BUSY;
    }

    void send(String text) {
        offer(new Message.Text(text));
    }

    void send(byte[] bytes) {
        offer(new Message.Binary(ByteBuffer.wrap(bytes)));
    }

    void close() {
        closed = true;
        waiting.clear();
        offer(new Message.End());
    }

    private void offer(Message message) {
        if (!waiting.offer(message)) {
            closed = true;
            context.session.disconnect();
        }
    }

    private void sendAll() {
        try {
            boolean more = true;
            while (more && !(closed && waiting.isEmpty())) {
                more = send(waiting.take());
            }
            context.session.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            context.session.disconnect();
        }
    }

    private boolean send(Message message) throws InterruptedException, ExecutionException, TimeoutException {
        Callback.Completable done = new Callback.Completable();
        switch (message) {
            case Message.Text(String text) -> context.session.sendText(text, done);
            case Message.Binary(ByteBuffer bytes) -> context.session.sendBinary(bytes, done);
            case Message.End() -> {
                return false;
            }
        }
        done.get(SEND_SECONDS, TimeUnit.SECONDS);
        return true;
    }
}
