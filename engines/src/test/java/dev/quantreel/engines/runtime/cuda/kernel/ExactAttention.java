package dev.quantreel.engines.runtime.cuda.kernel;

/// Attention by its definition, in double.
final class ExactAttention {

    private ExactAttention() {}

    static float[] of(AttentionProblem p, float[] q, float[] k, float[] v) {
        float[] out = new float[q.length];
        int dim = p.headDim();
        for (int batch = 0; batch < p.batch(); batch++) {
            for (int head = 0; head < p.heads(); head++) {
                for (int query = 0; query < p.queries(); query++) {
                    int own = (batch * p.queries() + query) * p.channels() + head * dim;
                    double[] scores = new double[p.keys()];
                    double most = Double.NEGATIVE_INFINITY;
                    for (int key = 0; key < p.keys(); key++) {
                        int other = (batch * p.keys() + key) * p.channels() + head * dim;
                        for (int i = 0; i < dim; i++) {
                            scores[key] += (double) q[own + i] * k[other + i] * p.scale();
                        }
                        most = Math.max(most, scores[key]);
                    }
                    double total = 0;
                    double[] mixed = new double[dim];
                    for (int key = 0; key < p.keys(); key++) {
                        int other = (batch * p.keys() + key) * p.channels() + head * dim;
                        double weight = Math.exp(scores[key] - most);
                        total += weight;
                        for (int i = 0; i < dim; i++) {
                            mixed[i] += weight * v[other + i];
                        }
                    }
                    for (int i = 0; i < dim; i++) {
                        out[own + i] = (float) (mixed[i] / total);
                    }
                }
            }
        }
        return out;
    }
}
