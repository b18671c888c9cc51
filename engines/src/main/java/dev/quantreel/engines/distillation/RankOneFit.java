package dev.quantreel.engines.distillation;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.algebra.TriangularFactor;
import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.runtime.ParallelPieces;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The best product of two vectors for an error that was observed, `E ≈ diag(m) X α βᵀ`, where `m` is a factor per
/// frame.
///
/// With `m` given, the minimum of `‖E − Zαβᵀ‖² + λ‖α‖²` over α and unit β, `Z = diag(m) X`, is a regression of reduced
/// rank: β is the leading eigenvector of `EᵀZ (ZᵀZ + λ)⁻¹ ZᵀE`, found by power iteration on a Cholesky factor, and
/// `α = (ZᵀZ + λ)⁻¹ ZᵀEβ`. With `m = 1`, λ = 0 and unrounded inputs β is the leading right singular vector of
/// `X(W − Ŵ)ᵀ` and `α = (W − Ŵ)ᵀβ`. The frames' factors are solved in turns with both. Memory: the square of the
/// channels in F32.
final class RankOneFit {

    private static final int POWER_ROUNDS = 100;
    private static final double SETTLED = 1e-6;
    private static final double LEAST_DAMPING = 1e-6;

    private final Problem problem;
    private final ParallelPieces pieces;

    /// What is fitted to.
    ///
    /// @param outputs of the layer
    /// @param errors `[tokens, outputs]`, row after row
    /// @param damping λ as a share of the mean square of a channel of Z, summed over the tokens; where that leaves
    /// the
    /// matrix singular it grows tenfold until it does not
    record Problem(TokenSample x, int outputs, float[] errors, double damping) {

        /// `E β`.
        private double[] project(double[] beta) {
            double[] result = new double[x.tokens()];
            for (int token = 0; token < result.length; token++) {
                double sum = 0;
                for (int output = 0; output < outputs; output++) {
                    sum += errors[token * outputs + output] * beta[output];
                }
                result[token] = sum;
            }
            return result;
        }
    }

    /// @param alpha one per channel read
    /// @param beta one per output, of unit length
    /// @param frames of mean square 1, none where the input is no clip
    record Fit(double[] alpha, double[] beta, FrameFactors frames) {}

    /// Normal equations for given factors of the frames.
    ///
    /// @param factor upper triangular, `U Uᵀ = ZᵀZ + λ`; empty where Z is zero
    /// @param cross `ZᵀE`
    private record Equations(Optional<Matrix> factor, Matrix cross) {}

    private RankOneFit(Problem problem, ParallelPieces pieces) {
        this.problem = problem;
        this.pieces = pieces;
    }

    /// @param start factors of the frames to begin with, one for each of the sample; they are kept when `turns` is 0
    /// @param turns in which they are solved anew
    static Fit solve(Problem problem, double[] start, int turns, ParallelPieces pieces) {
        RankOneFit own = new RankOneFit(problem, pieces);
        double[] frames = start.clone();
        Fit fit = own.product(frames, own.largestRow());
        for (int turn = 0; turn < turns && frames.length > 0; turn++) {
            frames = own.solvedFrames(fit);
            fit = own.product(frames, fit.beta);
        }
        return normalised(fit);
    }

    /// Factors of mean square 1; α takes the rest.
    private static Fit normalised(Fit fit) {
        if (fit.frames.isEmpty()) {
            return fit;
        }
        double square = 0;
        for (float factor : fit.frames.factors()) {
            square += (double) factor * factor / fit.frames.factors().size();
        }
        double scale = square > 0 ? Math.sqrt(square) : 1;
        List<Float> frames = new ArrayList<>();
        fit.frames.factors().forEach(factor -> frames.add((float) (factor / scale)));
        double[] alpha = fit.alpha.clone();
        for (int channel = 0; channel < alpha.length; channel++) {
            alpha[channel] *= scale;
        }
        return new Fit(alpha, fit.beta, new FrameFactors(frames));
    }

    /// Per frame the factor that fits best beside α and β.
    private double[] solvedFrames(Fit fit) {
        TokenSample x = problem.x;
        double[] above = new double[x.frames()];
        double[] below = new double[above.length];
        double[] projected = problem.project(fit.beta);
        for (int token = 0; token < projected.length; token++) {
            double reduced = x.dot(token, fit.alpha);
            above[x.frame(token)] += reduced * projected[token];
            below[x.frame(token)] += reduced * reduced;
        }
        double[] frames = new double[above.length];
        for (int frame = 0; frame < frames.length; frame++) {
            frames[frame] = below[frame] > 0 ? above[frame] / below[frame] : 1;
        }
        return frames;
    }

    private Fit product(double[] frames, double[] startBeta) {
        Equations equations = equations(frames);
        double[] beta = startBeta.clone();
        FrameFactors factors = factors(frames);
        if (equations.factor.isEmpty()) {
            return new Fit(new double[problem.x.channels()], beta, factors);
        }
        Matrix factor = equations.factor.get();
        for (int round = 0; round < POWER_ROUNDS; round++) {
            double[] next = transposedTimes(equations.cross, solved(factor, times(equations.cross, beta)));
            double norm = norm(next);
            if (norm == 0) {
                return new Fit(new double[problem.x.channels()], beta, factors);
            }
            double change = 0;
            for (int output = 0; output < beta.length; output++) {
                double value = next[output] / norm;
                change = Math.max(change, Math.abs(value - beta[output]));
                beta[output] = value;
            }
            if (change < SETTLED) {
                break;
            }
        }
        return new Fit(solved(factor, times(equations.cross, beta)), beta, factors);
    }

    private static FrameFactors factors(double[] frames) {
        List<Float> values = new ArrayList<>();
        for (double frame : frames) {
            values.add((float) frame);
        }
        return new FrameFactors(values);
    }

    private Equations equations(double[] frames) {
        TokenSample x = problem.x;
        Matrix z = Matrix.zeros(x.tokens(), x.channels());
        for (int token = 0; token < x.tokens(); token++) {
            double weight = frames.length == 0 ? 1 : frames[x.frame(token)];
            for (int channel = 0; channel < x.channels(); channel++) {
                z.values()[token * x.channels() + channel] = (float) (weight * x.at(token, channel));
            }
        }
        Matrix cross = z.transposedTimes(Matrix.of(x.tokens(), problem.outputs, problem.errors), pieces);
        Matrix gram = Matrix.zeros(x.channels(), x.channels());
        gram.addGram(z, pieces);
        double mean = 0;
        for (int channel = 0; channel < x.channels(); channel++) {
            mean += gram.at(channel, channel) / (double) x.channels();
        }
        if (mean == 0) {
            return new Equations(Optional.empty(), cross);
        }
        Optional<Matrix> factor = Optional.empty();
        for (double damping = Math.max(problem.damping, LEAST_DAMPING); factor.isEmpty(); damping *= 10) {
            Matrix damped = gram.copy();
            for (int channel = 0; channel < x.channels(); channel++) {
                damped.values()[channel * x.channels() + channel] += (float) (damping * mean);
            }
            factor = TriangularFactor.of(damped, pieces);
        }
        return new Equations(factor, cross);
    }

    /// The error of the token that is furthest off: not orthogonal to the direction sought, unless nothing is.
    private double[] largestRow() {
        int outputs = problem.outputs;
        int furthest = 0;
        double most = -1;
        for (int token = 0; token < problem.x.tokens(); token++) {
            double square = 0;
            for (int output = 0; output < outputs; output++) {
                double e = problem.errors[token * outputs + output];
                square += e * e;
            }
            if (square > most) {
                most = square;
                furthest = token;
            }
        }
        double[] row = new double[outputs];
        for (int output = 0; output < outputs; output++) {
            row[output] = most > 0 ? problem.errors[furthest * outputs + output] / Math.sqrt(most) : 0;
        }
        return row;
    }

    /// `(U Uᵀ)⁻¹ v`.
    private static double[] solved(Matrix factor, double[] v) {
        int n = v.length;
        double[] result = v.clone();
        for (int i = n - 1; i >= 0; i--) {
            double sum = result[i];
            for (int j = i + 1; j < n; j++) {
                sum -= factor.at(i, j) * result[j];
            }
            result[i] = sum / factor.at(i, i);
        }
        for (int i = 0; i < n; i++) {
            result[i] /= factor.at(i, i);
            for (int j = i + 1; j < n; j++) {
                result[j] -= factor.at(i, j) * result[i];
            }
        }
        return result;
    }

    private static double[] times(Matrix matrix, double[] vector) {
        double[] result = new double[matrix.rows()];
        for (int i = 0; i < result.length; i++) {
            for (int j = 0; j < vector.length; j++) {
                result[i] += matrix.at(i, j) * vector[j];
            }
        }
        return result;
    }

    private static double[] transposedTimes(Matrix matrix, double[] vector) {
        double[] result = new double[matrix.columns()];
        for (int i = 0; i < vector.length; i++) {
            for (int j = 0; j < result.length; j++) {
                result[j] += matrix.at(i, j) * vector[i];
            }
        }
        return result;
    }

    private static double norm(double[] a) {
        double sum = 0;
        for (double value : a) {
            sum += value * value;
        }
        return Math.sqrt(sum);
    }
}
