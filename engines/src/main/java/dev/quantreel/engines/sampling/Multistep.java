package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Exponential integrators in the clean latent: DPM-Solver++ 2M (Lu et al., 2022, arXiv 2211.01095) and UniPC (Zhao et
/// al., 2023, arXiv 2302.04867), which adds a corrector that costs no evaluation.
///
/// Between two levels the clean latent is a polynomial in λ through the last `order` evaluations. The first steps have
/// a lower order for want of a history, the last ones (`lower_order_final`) because λ runs to infinity.
///
/// @param form variables of the integration
/// @param step UniPC's B(h); of no effect below order 2
/// @param order 1 to 3
/// @param corrects whether each evaluation first corrects the step that led to it
public record Multistep(Form form, Step step, int order, boolean corrects) implements Solver {

    private static final int MAX_ORDER = 3;

    public Multistep {
        if (order < 1 || order > MAX_ORDER) {
            throw new IllegalArgumentException("order is " + order + ", expected 1 to " + MAX_ORDER);
        }
    }

    /// In which variables the differential equation is integrated. The same equation, other truncation errors.
    public enum Form {
        /// λ = ln(α / σ) of the model's own process: diffusers and Wan.
        NATIVE,
        /// α = 1, λ = −ln σ: the samplers of k-diffusion and ComfyUI. For V and EPSILON models no other than NATIVE,
        /// since they are rescaled by α there.
        VARIANCE_EXPLODING
    }

    /// UniPC's B(h), h the (negative) step in λ.
    public enum Step {
        /// h; not for a flow model's own form from level 1, from where h is infinite.
        BH1,
        /// e^h − 1.
        BH2
    }

    /// DPM++ 2M: `dpmpp_2m` of ComfyUI in one form, DPMSolverMultistep of diffusers and Wan in the other.
    public static Multistep dpmPlusPlus2m(Form form) {
        return new Multistep(form, Step.BH2, 2, false);
    }

    /// UniPC as Wan samples: order 2, bh2.
    public static Multistep uniPcOfWan() {
        return new Multistep(Form.NATIVE, Step.BH2, 2, true);
    }

    /// ComfyUI's `uni_pc` (bh1) and `uni_pc_bh2`: order 3.
    public static Multistep uniPcOfComfyUi(Step step) {
        return new Multistep(Form.VARIANCE_EXPLODING, step, MAX_ORDER, true);
    }

    @Override
    public Run start(NoiseLevels levels, NoiseSource noise) {
        int highest = form == Form.VARIANCE_EXPLODING && corrects ? Math.max(1, levels.steps() - 1) : levels.steps();
        return new History(LogLevels.of(levels, form, corrects), step, Math.min(order, highest), corrects);
    }

    /// What was evaluated so far.
    private static final class History implements Run {

        private final LogLevels levels;
        private final Step b;
        private final int order;
        private final boolean corrects;
        private final List<Tensor> clean = new ArrayList<>();
        private @Nullable Tensor last;
        private int lastOrder;

        History(LogLevels levels, Step b, int order, boolean corrects) {
            this.levels = levels;
            this.b = b;
            this.order = order;
            this.corrects = corrects;
        }

        @Override
        public Tensor next(int step, Evaluation at) {
            Tensor before = last;
            Tensor latent =
                    corrects && before != null ? moved(step - 1, lastOrder, before, List.of(at.clean())) : at.latent();
            clean.add(at.clean());
            if (clean.size() > MAX_ORDER) {
                clean.removeFirst();
            }
            last = latent;
            lastOrder = usable(step, Math.min(order, Math.min(levels.lastOrders(step), step + 1)));
            return moved(step, lastOrder, latent, List.of());
        }

        /// Levels at λ = −∞ are too far away to tell anything.
        private int usable(int step, int wanted) {
            int usable = 1;
            while (usable < wanted && Double.isFinite(levels.lambda(step - usable))) {
                usable++;
            }
            return usable;
        }

        /// From level `step` to the next.
        ///
        /// @param from the latent at level `step`
        /// @param target the clean latent at the next level where it is known: the corrector
        private Tensor moved(int step, int polynomial, Tensor from, List<Tensor> target) {
            double h = levels.lambda(step) - levels.lambda(step + 1);
            double alpha = levels.alpha(step + 1);
            Tensor here = clean.getLast();
            double hereFactor = -alpha * Math.expm1(h);
            WeightedSum sum = WeightedSum.of(levels.sigma(step + 1) / levels.sigma(step), from);
            double scale = -alpha * (b == Step.BH1 ? h : Math.expm1(h));
            double[] nodes = nodes(step, polynomial, h);
            double[] rho = UniPcWeights.of(nodes, h, b, !target.isEmpty());
            for (int k = 0; k < nodes.length; k++) {
                double factor = scale * rho[k] / nodes[k];
                sum.plus(factor, clean.get(clean.size() - 2 - k));
                hereFactor -= factor;
            }
            for (Tensor known : target) {
                double factor = scale * rho[nodes.length];
                sum.plus(factor, known);
                hereFactor -= factor;
            }
            return sum.plus(hereFactor, here).tensor();
        }

        /// Earlier levels in units of the step, all negative.
        private double[] nodes(int step, int polynomial, double h) {
            double[] nodes = new double[polynomial - 1];
            for (int k = 0; k < nodes.length; k++) {
                nodes[k] = (levels.lambda(step - 1 - k) - levels.lambda(step)) / -h;
            }
            return nodes;
        }
    }
}
