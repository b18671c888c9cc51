package dev.quantreel.engines.video;

import org.bytedeco.ffmpeg.avfilter.AVFilterContext;
import org.bytedeco.ffmpeg.avfilter.AVFilterGraph;
import org.bytedeco.ffmpeg.avfilter.AVFilterInOut;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avfilter;
import org.bytedeco.ffmpeg.global.avutil;
import org.jspecify.annotations.Nullable;

/// A linear FFmpeg filter graph, from one source to one sink: scaling, colour conversion, palettes. Not thread-safe.
final class FilterChain implements AutoCloseable {

    private final AVFilterGraph graph;
    private final AVFilterContext source;
    private final AVFilterContext sink;

    /// @param source pictures that will be fed
    /// @param filters the chain in FFmpeg's syntax
    FilterChain(Source source, String filters) throws VideoException {
        this.graph = Ffmpeg.allocated(avfilter.avfilter_graph_alloc(), "filter graph");
        String text = "buffer@in=" + source.arguments() + "[in];[in]" + filters + "[out];[out]buffersink@out";
        AVFilterInOut open = new AVFilterInOut(null);
        Ffmpeg.check(avfilter.avfilter_graph_parse2(graph, text, open, new AVFilterInOut(null)), "parsing " + filters);
        this.source = Ffmpeg.allocated(avfilter.avfilter_graph_get_filter(graph, "buffer@in"), "filter source");
        this.sink = Ffmpeg.allocated(avfilter.avfilter_graph_get_filter(graph, "buffersink@out"), "filter sink");
        Ffmpeg.check(avfilter.avfilter_graph_config(graph, null), "configuring " + filters);
    }

    /// What is fed into a chain.
    ///
    /// @param pixelFormat FFmpeg's number
    record Source(int width, int height, int pixelFormat, AVRational timeBase) {
        String arguments() {
            return "video_size=" + width + "x" + height + ":pix_fmt=" + pixelFormat + ":time_base=" + timeBase.num()
                    + "/" + timeBase.den() + ":pixel_aspect=1/1";
        }
    }

    int width() {
        return avfilter.av_buffersink_get_w(sink);
    }

    int height() {
        return avfilter.av_buffersink_get_h(sink);
    }

    AVRational timeBase() {
        return avfilter.av_buffersink_get_time_base(sink);
    }

    int pixelFormat() {
        return avfilter.av_buffersink_get_format(sink);
    }

    /// Feeds a picture, or the end of the stream.
    void push(@Nullable AVFrame frame) throws VideoException {
        Ffmpeg.check(avfilter.av_buffersrc_add_frame(source, frame), "filtering a frame");
    }

    /// Whether a picture was put into `target`; otherwise more input is needed, or the stream ended.
    boolean pull(AVFrame target) throws VideoException {
        int result = avfilter.av_buffersink_get_frame(sink, target);
        if (result == Ffmpeg.AGAIN || result == avutil.AVERROR_EOF) {
            return false;
        }
        Ffmpeg.check(result, "filtering a frame");
        return true;
    }

    @Override
    public void close() {
        avfilter.avfilter_graph_free(graph);
    }
}
