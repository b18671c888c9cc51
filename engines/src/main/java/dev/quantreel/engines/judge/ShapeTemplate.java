package dev.quantreel.engines.judge;

import java.util.Locale;

/// The shapes of the demo model, filling their bounding box; ties go to the earlier one.
enum ShapeTemplate {
    CIRCLE {
        @Override
        boolean contains(double u, double v) {
            return u * u + v * v <= 1;
        }
    },
    SQUARE {
        @Override
        boolean contains(double u, double v) {
            return true;
        }
    },
    TRIANGLE {
        @Override
        boolean contains(double u, double v) {
            return 2 * Math.abs(u) <= v + 1;
        }
    },
    RING {
        @Override
        boolean contains(double u, double v) {
            double radius = u * u + v * v;
            return radius >= 0.55 * 0.55 && radius <= 1;
        }
    };

    /// @param u place in the bounding box, -1 left to 1 right
    /// @param v the same, -1 top to 1 bottom
    abstract boolean contains(double u, double v);

    /// As captions write it.
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
