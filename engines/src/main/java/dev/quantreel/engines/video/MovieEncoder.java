package dev.quantreel.engines.video;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.jspecify.annotations.Nullable;

/// Encodes pictures one after the other into a channel. Not thread-safe.
///
/// Use: construct, [#add] each picture, [#finish] once, [#close] always.
final class MovieEncoder implements AutoCloseable {

    private final EncoderRecipe recipe;
    private final int sourceWidth;
    private final int sourceHeight;
    private final ChannelOutput output;
    private final AVFormatContext container = new AVFormatContext(null);
    private final FilterChain filters;
    private final AVCodecContext codec;
    private final AVStream stream;
    private final AVFrame filtered = avutil.av_frame_alloc();
    private final AVPacket packet = avcodec.av_packet_alloc();
    private long nextFrame;

    /// Where the movie goes.
    ///
    /// @param channel receives the bytes
    /// @param file where they lie; MP4's index is moved to the front by reading them back
    record Target(SeekableByteChannel channel, Path file) {}

    MovieEncoder(VideoOptions options, int width, int height, Target target) throws IOException {
        this.recipe = EncoderRecipe.of(options);
        this.sourceWidth = width;
        this.sourceHeight = height;
        AVRational rate = avutil.av_d2q(options.framesPerSecond(), 100_000);
        AVRational frameTime = avutil.av_inv_q(rate);
        String enlarge = "scale=iw*" + options.scale() + ":ih*" + options.scale() + ":flags=neighbor,";
        this.filters = new FilterChain(
                new FilterChain.Source(width, height, avutil.AV_PIX_FMT_RGB24, frameTime), enlarge + recipe.filters());
        this.output = new ChannelOutput(target.channel());
        Ffmpeg.check(
                avformat.avformat_alloc_output_context2(
                        container, null, recipe.muxer(), target.file().toString()),
                "opening the container");
        container.pb(output.context());
        this.codec = openCodec(rate);
        this.stream = Ffmpeg.allocated(avformat.avformat_new_stream(container, null), "stream");
        stream.time_base(codec.time_base());
        stream.avg_frame_rate(rate);
        Ffmpeg.check(avcodec.avcodec_parameters_from_context(stream.codecpar(), codec), "describing the stream");
        writeHeader(options.metadata());
    }

    private AVCodecContext openCodec(AVRational rate) throws VideoException {
        AVCodec encoder =
                Ffmpeg.allocated(avcodec.avcodec_find_encoder_by_name(recipe.encoder()), "encoder " + recipe.encoder());
        AVCodecContext context = Ffmpeg.allocated(avcodec.avcodec_alloc_context3(encoder), "encoder");
        context.width(filters.width());
        context.height(filters.height());
        context.pix_fmt(filters.pixelFormat());
        context.time_base(filters.timeBase());
        context.framerate(rate);
        if (recipe.bt709()) {
            context.colorspace(avutil.AVCOL_SPC_BT709);
            context.color_primaries(avutil.AVCOL_PRI_BT709);
            context.color_trc(avutil.AVCOL_TRC_BT709);
            context.color_range(avutil.AVCOL_RANGE_MPEG);
        }
        if ((container.oformat().flags() & avformat.AVFMT_GLOBALHEADER) != 0) {
            context.flags(context.flags() | avcodec.AV_CODEC_FLAG_GLOBAL_HEADER);
        }
        AVDictionary settings = Ffmpeg.dictionary(recipe.encoderOptions());
        try {
            Ffmpeg.check(avcodec.avcodec_open2(context, encoder, settings), "opening encoder " + recipe.encoder());
        } finally {
            avutil.av_dict_free(settings);
        }
        return context;
    }

    private void writeHeader(Map<String, String> metadata) throws IOException {
        container.metadata(Ffmpeg.dictionary(metadata));
        AVDictionary settings = Ffmpeg.dictionary(recipe.muxerOptions());
        try {
            checkWrite(avformat.avformat_write_header(container, settings), "writing the header");
        } finally {
            avutil.av_dict_free(settings);
        }
    }

    private void checkWrite(int result, String what) throws IOException {
        output.throwFailure();
        Ffmpeg.check(result, what);
    }

    /// @param rgb24 `height * width * 3` bytes
    void add(byte[] rgb24) throws IOException {
        AVFrame frame = Ffmpeg.rgbFrame(rgb24, sourceWidth, sourceHeight);
        try {
            frame.pts(nextFrame++);
            filters.push(frame);
        } finally {
            avutil.av_frame_free(frame);
        }
        encodeFiltered();
    }

    /// Encodes what is left and completes the file; the channel stays open.
    void finish() throws IOException {
        filters.push(null);
        encodeFiltered();
        send(null);
        checkWrite(avformat.av_write_trailer(container), "completing the file");
        output.flush();
    }

    private void encodeFiltered() throws IOException {
        while (filters.pull(filtered)) {
            filtered.pict_type(avutil.AV_PICTURE_TYPE_NONE);
            send(filtered);
            avutil.av_frame_unref(filtered);
        }
    }

    private void send(@Nullable AVFrame frame) throws IOException {
        Ffmpeg.check(avcodec.avcodec_send_frame(codec, frame), "encoding a frame");
        while (true) {
            int result = avcodec.avcodec_receive_packet(codec, packet);
            if (result == Ffmpeg.AGAIN || result == avutil.AVERROR_EOF) {
                return;
            }
            Ffmpeg.check(result, "encoding a frame");
            avcodec.av_packet_rescale_ts(packet, codec.time_base(), stream.time_base());
            packet.stream_index(stream.index());
            checkWrite(avformat.av_interleaved_write_frame(container, packet), "writing a frame");
        }
    }

    @Override
    public void close() {
        avcodec.av_packet_free(packet);
        avutil.av_frame_free(filtered);
        avcodec.avcodec_free_context(codec);
        avformat.avformat_free_context(container);
        filters.close();
        output.close();
    }
}
