package dev.quantreel.engines.video;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.jspecify.annotations.Nullable;

/// Reads the first video stream of a file that FFmpeg can decode. Stateless, thread-safe.
public final class VideoReader {

    /// A decoded clip.
    ///
    /// @param framesPerSecond the stream's average rate; 0 when it says none
    public record Clip(Frames frames, double framesPerSecond) {}

    /// Decodes all frames.
    ///
    /// @throws VideoException when the file is missing, is no video or is damaged; the message names it
    public Clip read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString(), null, "no such video");
        }
        try (Decoder decoder = new Decoder(file)) {
            return decoder.decode();
        } catch (VideoException e) {
            throw new VideoException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static final class Decoder implements AutoCloseable {
        private final AVFormatContext container = new AVFormatContext(null);
        private final AVCodecContext codec;
        private final AVStream stream;
        private final AVPacket packet = avcodec.av_packet_alloc();
        private final AVFrame frame = avutil.av_frame_alloc();
        private final AVFrame converted = avutil.av_frame_alloc();
        private final ByteArrayOutputStream rgb = new ByteArrayOutputStream();
        private @Nullable FilterChain filters;
        private int count;

        Decoder(Path file) throws VideoException {
            @Nullable AVDictionary none = null;
            Ffmpeg.check(avformat.avformat_open_input(container, file.toString(), null, none), "opening");
            Ffmpeg.check(avformat.avformat_find_stream_info(container, none), "reading the header");
            AVCodec decoder = new AVCodec(null);
            int index = Ffmpeg.check(
                    avformat.av_find_best_stream(container, avutil.AVMEDIA_TYPE_VIDEO, -1, -1, decoder, 0),
                    "finding a video stream");
            this.stream = container.streams(index);
            this.codec = Ffmpeg.allocated(avcodec.avcodec_alloc_context3(decoder), "decoder");
            Ffmpeg.check(avcodec.avcodec_parameters_to_context(codec, stream.codecpar()), "describing the stream");
            Ffmpeg.check(avcodec.avcodec_open2(codec, decoder, none), "opening the decoder");
        }

        Clip decode() throws VideoException {
            while (avformat.av_read_frame(container, packet) >= 0) {
                if (packet.stream_index() == stream.index()) {
                    send(packet);
                }
                avcodec.av_packet_unref(packet);
            }
            send(null);
            if (filters == null || count == 0) {
                throw new VideoException("the file holds no picture", null);
            }
            Frames frames = Frames.ofBytes(count, filters.height(), filters.width(), rgb.toByteArray());
            double rate = stream.avg_frame_rate().den() == 0 ? 0 : avutil.av_q2d(stream.avg_frame_rate());
            return new Clip(frames, rate);
        }

        private void send(@Nullable AVPacket data) throws VideoException {
            Ffmpeg.check(avcodec.avcodec_send_packet(codec, data), "decoding");
            while (true) {
                int result = avcodec.avcodec_receive_frame(codec, frame);
                if (result == Ffmpeg.AGAIN || result == avutil.AVERROR_EOF) {
                    return;
                }
                Ffmpeg.check(result, "decoding");
                convert();
            }
        }

        private void convert() throws VideoException {
            FilterChain chain = filters;
            if (chain == null) {
                chain = new FilterChain(
                        new FilterChain.Source(frame.width(), frame.height(), frame.format(), stream.time_base()),
                        "scale=flags=bicubic+accurate_rnd+full_chroma_int,format=rgb24");
                filters = chain;
            }
            chain.push(frame);
            while (chain.pull(converted)) {
                rgb.writeBytes(Ffmpeg.rgbBytes(converted));
                count++;
                avutil.av_frame_unref(converted);
            }
        }

        @Override
        public void close() {
            avcodec.av_packet_free(packet);
            avutil.av_frame_free(frame);
            avutil.av_frame_free(converted);
            avcodec.avcodec_free_context(codec);
            avformat.avformat_close_input(container);
            if (filters != null) {
                filters.close();
            }
        }
    }
}
