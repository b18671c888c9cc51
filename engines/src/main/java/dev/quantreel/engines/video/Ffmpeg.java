package dev.quantreel.engines.video;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;

/// What all uses of FFmpeg's C API share: result codes and frames.
final class Ffmpeg {

    /// FFmpeg's result for "not now, feed or drain first".
    static final int AGAIN = avutil.AVERROR_EAGAIN();

    static {
        avutil.av_log_set_level(avutil.AV_LOG_FATAL);
    }

    private Ffmpeg() {}

    /// The result when it is not an error.
    ///
    /// @param what the action, for the message
    static int check(int result, String what) throws VideoException {
        if (result < 0) {
            throw new VideoException(what + " failed: " + text(result), null);
        }
        return result;
    }

    /// The pointer when the allocation succeeded.
    static <T> T allocated(T pointer, String what) throws VideoException {
        if (pointer == null) {
            throw new VideoException("no " + what + " in this build of FFmpeg, or out of memory", null);
        }
        return pointer;
    }

    private static String text(int code) {
        byte[] buffer = new byte[avutil.AV_ERROR_MAX_STRING_SIZE];
        avutil.av_strerror(code, buffer, buffer.length);
        String text = new String(buffer, StandardCharsets.UTF_8);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    /// Options or metadata as a native dictionary; [avutil#av_dict_free] frees it.
    static AVDictionary dictionary(Map<String, String> entries) throws VideoException {
        AVDictionary dictionary = new AVDictionary(null);
        for (Map.Entry<String, String> entry : entries.entrySet()) {
            try (BytePointer key = new BytePointer(entry.getKey(), StandardCharsets.UTF_8);
                    BytePointer value = new BytePointer(entry.getValue(), StandardCharsets.UTF_8)) {
                check(avutil.av_dict_set(dictionary, key, value, 0), "setting " + entry.getKey());
            }
        }
        return dictionary;
    }

    /// A new native frame holding one picture.
    ///
    /// @param rgb `height * width * 3` bytes
    static AVFrame rgbFrame(byte[] rgb, int width, int height) throws VideoException {
        AVFrame frame = allocated(avutil.av_frame_alloc(), "frame");
        frame.format(avutil.AV_PIX_FMT_RGB24);
        frame.width(width);
        frame.height(height);
        frame.color_range(avutil.AVCOL_RANGE_JPEG);
        frame.colorspace(avutil.AVCOL_SPC_RGB);
        check(avutil.av_frame_get_buffer(frame, 0), "allocating a frame");
        BytePointer data = frame.data(0);
        int stride = frame.linesize(0);
        for (int row = 0; row < height; row++) {
            data.position((long) row * stride).put(rgb, row * width * 3, width * 3);
        }
        return frame;
    }

    /// Copies an RGB24 frame out of native memory.
    static byte[] rgbBytes(AVFrame frame) {
        int width = frame.width();
        int height = frame.height();
        byte[] rgb = new byte[width * height * 3];
        BytePointer data = frame.data(0);
        for (int row = 0; row < height; row++) {
            data.position((long) row * frame.linesize(0)).get(rgb, row * width * 3, width * 3);
        }
        return rgb;
    }
}
