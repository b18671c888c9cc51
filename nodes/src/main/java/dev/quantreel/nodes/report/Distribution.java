package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// How values are spread, in units of their root mean square.
///
/// @param kurtosis fourth moment over the squared second, about zero; 3 for a Gaussian
/// @param crest largest absolute value over the root mean square
/// @param shares of the values in [#BINS] equal bins from -[#REACH] to [#REACH]; the outer ones take what lies beyond
record Distribution(double kurtosis, double crest, double[] shares) {

    static final int BINS = 80;
    static final double REACH = 10;

    /// @param rows parts of one whole
    static Distribution of(List<float[]> rows) {
        double count = 0;
        double squares = 0;
        double fourths = 0;
        double max = 0;
        for (float[] row : rows) {
            count += row.length;
            for (float value : row) {
                double square = (double) value * value;
                squares += square;
                fourths += square * square;
                max = Math.max(max, Math.abs(value));
            }
        }
        double rms = Math.sqrt(squares / count);
        double[] shares = new double[BINS];
        for (float[] row : rows) {
            for (float value : row) {
                double position = rms == 0 ? 0 : value / rms;
                int bin = (int) Math.floor((position + REACH) / (2 * REACH) * BINS);
                shares[Math.clamp(bin, 0, BINS - 1)] += 1 / count;
            }
        }
        return new Distribution(rms == 0 ? 0 : fourths / count / Math.pow(rms, 4), rms == 0 ? 0 : max / rms, shares);
    }

    /// Middle of a bin, in root mean squares.
    static double middle(int bin) {
        return -REACH + (bin + 0.5) * 2 * REACH / BINS;
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("kurtosis", kurtosis).put("crestFactor", crest);
        ArrayNode histogram = json.putArray("histogram");
        for (double share : shares) {
            histogram.add(share);
        }
        return json;
    }
}
