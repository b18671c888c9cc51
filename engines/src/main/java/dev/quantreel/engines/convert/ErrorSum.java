package dev.quantreel.engines.convert;

import dev.quantreel.engines.quant.SymmetricMatrix;

/// Adds up the relative errors of layers, weighted by their energy.
final class ErrorSum {

    private double errors;
    private double energy;
    private ComfyConversion.Worst worst = new ComfyConversion.Worst("", 0);

    void add(String layer, SymmetricMatrix matrix, long weights) {
        double mse = matrix.error().mse();
        double squares = matrix.error().relativeMse() > 0 ? mse / matrix.error().relativeMse() : 0;
        double relative = squares > 0 ? Math.sqrt(mse / squares) : 0;
        errors += mse * weights;
        energy += squares * weights;
        if (relative > worst.relativeError() || worst.layer().isEmpty()) {
            worst = new ComfyConversion.Worst(layer, relative);
        }
    }

    double relative() {
        return energy > 0 ? Math.sqrt(errors / energy) : 0;
    }

    ComfyConversion.Worst worst() {
        return worst;
    }
}
