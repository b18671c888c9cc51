package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Σ factor · tensor, summed in double precision. What every solver step is made of.
public final class WeightedSum {

    private record Term(double factor, Tensor tensor) {}

    private final List<Term> terms = new ArrayList<>();

    private WeightedSum() {}

    /// Begins with one term, F32.
    public static WeightedSum of(double factor, Tensor tensor) {
        return new WeightedSum().plus(factor, tensor);
    }

    /// Adds a term of the same shape; one whose factor is 0 is left out, whatever it holds.
    public WeightedSum plus(double factor, Tensor tensor) {
        if (!terms.isEmpty() && !terms.getFirst().tensor.shape().equals(tensor.shape())) {
            throw new IllegalArgumentException("a tensor of " + tensor.shape() + " does not add to one of "
                    + terms.getFirst().tensor.shape());
        }
        terms.add(new Term(factor, tensor));
        return this;
    }

    /// The sum, a new F32 tensor.
    public Tensor tensor() {
        Tensor result = Tensor.zeros(DType.F32, terms.getFirst().tensor.shape());
        List<Term> used = terms.stream().filter(term -> term.factor != 0).toList();
        double[] factors = used.stream().mapToDouble(Term::factor).toArray();
        MemorySegment[] data = used.stream().map(term -> term.tensor.data()).toArray(MemorySegment[]::new);
        MemorySegment to = result.data();
        for (long at = 0; at < to.byteSize(); at += Float.BYTES) {
            double sum = 0;
            for (int i = 0; i < factors.length; i++) {
                sum += factors[i] * data[i].get(Tensor.FLOAT, at);
            }
            to.set(Tensor.FLOAT, at, (float) sum);
        }
        return result;
    }
}
