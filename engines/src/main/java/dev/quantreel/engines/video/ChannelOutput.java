package dev.quantreel.engines.video;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.Read_packet_Pointer_BytePointer_int;
import org.bytedeco.ffmpeg.avformat.Seek_Pointer_long_int;
import org.bytedeco.ffmpeg.avformat.Write_packet_Pointer_BytePointer_int;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/// Lets FFmpeg write into a Java channel, so that the operating system's own reason (a full disk) reaches the user.
final class ChannelOutput implements AutoCloseable {

    private static final int BUFFER_BYTES = 1 << 16;

    private final SeekableByteChannel channel;
    private final Writer writer = new Writer();
    private final Seeker seeker = new Seeker();
    private final AVIOContext context;
    private @Nullable IOException failure;

    ChannelOutput(SeekableByteChannel channel) throws VideoException {
        this.channel = channel;
        BytePointer buffer = new BytePointer(avutil.av_malloc(BUFFER_BYTES));
        @Nullable Read_packet_Pointer_BytePointer_int none = null;
        this.context = Ffmpeg.allocated(
                avformat.avio_alloc_context(buffer, BUFFER_BYTES, 1, null, none, writer, seeker), "output buffer");
    }

    AVIOContext context() {
        return context;
    }

    /// Writes out what is buffered and throws what the channel threw at any time.
    void flush() throws IOException {
        if (failure == null) {
            avformat.avio_flush(context);
        }
        throwFailure();
    }

    /// Throws what the channel threw, if anything.
    void throwFailure() throws IOException {
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void close() {
        avutil.av_free(context.buffer());
        avformat.avio_context_free(context);
        writer.close();
        seeker.close();
    }

    private final class Writer extends Write_packet_Pointer_BytePointer_int {
        @Override
        public int call(Pointer opaque, BytePointer data, int sizeBytes) {
            byte[] bytes = new byte[sizeBytes];
            data.get(bytes);
            ByteBuffer pending = ByteBuffer.wrap(bytes);
            try {
                while (pending.hasRemaining()) {
                    channel.write(pending);
                }
                return sizeBytes;
            } catch (IOException e) {
                return fail(e);
            }
        }
    }

    private final class Seeker extends Seek_Pointer_long_int {
        @Override
        public long call(Pointer opaque, long offsetBytes, int whence) {
            try {
                return switch (whence) {
                    case avformat.AVSEEK_SIZE -> channel.size();
                    case 0 -> channel.position(offsetBytes).position();
                    case 1 -> channel.position(channel.position() + offsetBytes).position();
                    default -> channel.position(channel.size() + offsetBytes).position();
                };
            } catch (IOException e) {
                return fail(e);
            }
        }
    }

    private int fail(IOException e) {
        if (failure == null) {
            failure = e;
        }
        return avutil.AVERROR_EXTERNAL;
    }
}
