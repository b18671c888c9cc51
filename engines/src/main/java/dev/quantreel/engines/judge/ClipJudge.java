package dev.quantreel.engines.judge;

import dev.quantreel.engines.judge.Palette.Rgb;
import dev.quantreel.engines.video.Frames;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// Reads the attributes of a demo clip from its 8-bit pixels: one coloured shape that moves over a plain background.
///
/// The twin of `tools/demo-model/judge.py`, whose text defines every rule; both give equal verdicts on its fixtures.
public final class ClipJudge {

    private static final int BORDER = 2;
    private static final int CONTRAST = 50;
    private static final int MIN_FRAME_PIXELS = 30;
    private static final double MIN_SPEED = 0.5;
    private static final double MIN_OVERLAP = 0.72;
    private static final double MIN_ASPECT = 0.7;
    private static final double SIZE_LIMIT = 11.5;

    private ClipJudge() {}

    /// @param frames more than 4 rows and columns
    public static Verdict judge(Frames frames) {
        if (frames.height() <= 2 * BORDER || frames.width() <= 2 * BORDER) {
            throw new IllegalArgumentException("the judge needs frames of more than 4 x 4 pixels, got " + frames.width()
                    + " x " + frames.height());
        }
        Clip clip = Clip.of(frames);
        Map<Attribute, String> seen = new EnumMap<>(Attribute.class);
        Rgb back = clip.median((frame, at) -> clip.isBorder(at));
        seen.put(Attribute.BACKGROUND, Palette.BACKGROUNDS.nearest(back));
        PixelTest strong = (frame, at) -> clip.rgb(frame, at).minus(back).absMax() >= CONTRAST;
        if (clip.count(strong) < MIN_FRAME_PIXELS * clip.frames() / 2.0) {
            return new Verdict(seen, 0);
        }
        Rgb fore = clip.median(strong);
        List<ObjectMask> masks = masks(clip, back, fore);
        if (masks.size() < Math.max(2, clip.frames() / 2.0)) {
            return new Verdict(seen, 0);
        }
        seen.put(Attribute.COLOUR, Palette.COLOURS.nearest(fore));
        addDirection(masks, seen);
        double overlap = addShape(masks, seen);
        double side = mean(
                masks.stream().map(mask -> (mask.width() + mask.height()) / 4.0).toList());
        seen.put(Attribute.SIZE, side < SIZE_LIMIT * frames.height() / 64 ? "small" : "large");
        return new Verdict(seen, overlap);
    }

    private static List<ObjectMask> masks(Clip clip, Rgb back, Rgb fore) {
        Rgb d = fore.minus(back);
        int half = d.dot(d);
        List<ObjectMask> masks = new ArrayList<>();
        for (int frame = 0; frame < clip.frames(); frame++) {
            boolean[] mask = new boolean[clip.pixels()];
            for (int at = 0; at < mask.length; at++) {
                mask[at] = 2 * clip.rgb(frame, at).minus(back).dot(d) >= half;
            }
            ObjectMask found = ObjectMask.of(frame, mask, clip.width());
            if (found.area() >= MIN_FRAME_PIXELS) {
                masks.add(found);
            }
        }
        return masks;
    }

    private static void addDirection(List<ObjectMask> masks, Map<Attribute, String> seen) {
        List<Double> times = masks.stream().map(mask -> (double) mask.frame()).toList();
        double dx = slope(times, masks.stream().map(ObjectMask::meanX).toList());
        double dy = slope(times, masks.stream().map(ObjectMask::meanY).toList());
        boolean horizontal = Math.abs(dx) >= Math.abs(dy);
        double main = horizontal ? dx : dy;
        double other = horizontal ? dy : dx;
        if (Math.abs(main) >= MIN_SPEED && Math.abs(main) >= 2 * Math.abs(other)) {
            String backward = horizontal ? "left" : "up";
            String forward = horizontal ? "right" : "down";
            seen.put(Attribute.DIRECTION, main > 0 ? forward : backward);
        }
    }

    private static double addShape(List<ObjectMask> masks, Map<Attribute, String> seen) {
        String best = "";
        double bestOverlap = -1;
        for (ShapeTemplate template : ShapeTemplate.values()) {
            double overlap =
                    mean(masks.stream().map(mask -> mask.overlap(template)).toList());
            if (overlap > bestOverlap) {
                best = template.word();
                bestOverlap = overlap;
            }
        }
        double aspect = mean(masks.stream()
                .map(mask -> (double) Math.min(mask.width(), mask.height()) / Math.max(mask.width(), mask.height()))
                .toList());
        if (bestOverlap >= MIN_OVERLAP && aspect >= MIN_ASPECT) {
            seen.put(Attribute.SHAPE, best);
        }
        return bestOverlap;
    }

    /// Least-squares slope.
    private static double slope(List<Double> t, List<Double> y) {
        double meanT = mean(t);
        double meanY = mean(y);
        double cross = 0;
        double square = 0;
        for (int i = 0; i < t.size(); i++) {
            cross += (t.get(i) - meanT) * (y.get(i) - meanY);
            square += (t.get(i) - meanT) * (t.get(i) - meanT);
        }
        return cross / square;
    }

    private static double mean(List<Double> values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.size();
    }

    /// A question about one pixel.
    @FunctionalInterface
    private interface PixelTest {
        boolean holds(int frame, int at);
    }

    /// 8-bit frames.
    private record Clip(List<Picture> pictures, int width, int height) {

        static Clip of(Frames frames) {
            List<Picture> pictures = new ArrayList<>();
            for (int i = 0; i < frames.count(); i++) {
                pictures.add(new Picture(frames.rgb24(i)));
            }
            return new Clip(pictures, frames.width(), frames.height());
        }

        int frames() {
            return pictures.size();
        }

        int pixels() {
            return width * height;
        }

        Rgb rgb(int frame, int at) {
            return pictures.get(frame).rgb(at);
        }

        boolean isBorder(int at) {
            int x = at % width;
            int y = at / width;
            return x < BORDER || y < BORDER || x >= width - BORDER || y >= height - BORDER;
        }

        int count(PixelTest test) {
            int count = 0;
            for (int frame = 0; frame < frames(); frame++) {
                for (int at = 0; at < pixels(); at++) {
                    count += test.holds(frame, at) ? 1 : 0;
                }
            }
            return count;
        }

        /// Lower median of each channel over the pixels that pass.
        Rgb median(PixelTest test) {
            int[][] histogram = new int[3][256];
            int count = 0;
            for (int frame = 0; frame < frames(); frame++) {
                for (int at = 0; at < pixels(); at++) {
                    if (test.holds(frame, at)) {
                        Rgb rgb = rgb(frame, at);
                        histogram[0][rgb.red()]++;
                        histogram[1][rgb.green()]++;
                        histogram[2][rgb.blue()]++;
                        count++;
                    }
                }
            }
            int rank = (count - 1) / 2;
            return new Rgb(level(histogram[0], rank), level(histogram[1], rank), level(histogram[2], rank));
        }

        private static int level(int[] histogram, int rank) {
            int level = 0;
            for (int below = histogram[0]; below <= rank; below += histogram[level]) {
                level++;
            }
            return level;
        }
    }

    /// One 8-bit frame.
    private static final class Picture {

        private final byte[] rgb24;

        Picture(byte[] rgb24) {
            this.rgb24 = rgb24;
        }

        Rgb rgb(int at) {
            return new Rgb(rgb24[3 * at] & 0xFF, rgb24[3 * at + 1] & 0xFF, rgb24[3 * at + 2] & 0xFF);
        }
    }
}
