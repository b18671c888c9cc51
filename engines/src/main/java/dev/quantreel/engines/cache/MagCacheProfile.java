package dev.quantreel.engines.cache;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Models that MagCache was calibrated for, with the ratios its authors publish and their usual settings. Data of
/// Zehong-Ma/MagCache (Apache-2.0).
public enum MagCacheProfile {
    WAN_T2V_1_3B("Wan2.1 T2V 1.3B", 0.12, 2),
    WAN_T2V_14B("Wan2.1 T2V 14B", 0.12, 2),
    WAN_I2V_480P("Wan2.1 I2V 480P", 0.12, 2),
    WAN_I2V_720P("Wan2.1 I2V 720P", 0.12, 2),
    HUNYUAN_VIDEO_720P("HunyuanVideo 720P", 0.24, 6),
    HUNYUAN_VIDEO_540P("HunyuanVideo 540P", 0.24, 6);

    private static final String TABLE = "magnitude-ratios.txt";
    private static final long LARGEST_HUNYUAN_540P = 10_500;

    private final String model;
    private final double threshold;
    private final int longestRun;

    MagCacheProfile(String model, double threshold, int longestRun) {
        this.model = model;
        this.threshold = threshold;
        this.longestRun = longestRun;
    }

    /// The profile of a model; empty where none was published, so that it has to be calibrated.
    public static Optional<MagCacheProfile> of(TeaCacheProfile.Model model) {
        if (model.family().equals("hunyuan-video")) {
            return Optional.of(model.latentCells() <= LARGEST_HUNYUAN_540P ? HUNYUAN_VIDEO_540P : HUNYUAN_VIDEO_720P);
        }
        return switch (TeaCacheProfile.of(model, false)) {
            case WAN_T2V_1_3B -> Optional.of(WAN_T2V_1_3B);
            case WAN_T2V_14B -> Optional.of(WAN_T2V_14B);
            case WAN_I2V_480P -> Optional.of(WAN_I2V_480P);
            case WAN_I2V_720P -> Optional.of(WAN_I2V_720P);
            default -> Optional.empty();
        };
    }

    /// Name for people.
    public String model() {
        return model;
    }

    /// Usual threshold.
    public double threshold() {
        return threshold;
    }

    /// Usual length of a run of skipped steps; the careful one of Wan, twice as many are its fast one.
    public int longestRun() {
        return longestRun;
    }

    /// What was calibrated.
    public MagnitudeRatios ratios() {
        String[] row = row();
        int branches = Integer.parseInt(row[1]);
        List<List<Double>> ratios = new ArrayList<>();
        for (int branch = 0; branch < branches; branch++) {
            List<Double> own = new ArrayList<>(List.of(1.0));
            for (int i = 2 + branch; i < row.length; i += branches) {
                own.add(Double.valueOf(row[i]));
            }
            ratios.add(own);
        }
        return new MagnitudeRatios(ratios.getFirst(), ratios.getLast());
    }

    private String[] row() {
        try (InputStream in = MagCacheProfile.class.getResourceAsStream(TABLE)) {
            if (in == null) {
                throw new IllegalStateException("the resource " + TABLE + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith(name() + " "))
                    .map(line -> line.split(" ", -1))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException(TABLE + " has no row " + name()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the resource " + TABLE, e);
        }
    }
}
