package dev.quantreel.engines.golden;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;
import java.util.Objects;

/// The model of the scheduler files: v = 0.3 x + 0.1 sin(t / 100).
record LineModel(Shape latent) implements SplitModel {

    @Override
    public Prelude prelude(Tensor x, float timestep, Branch branch, CancellationToken cancellation) {
        return new Prelude(
                timestep,
                x.reshape(1, x.elements(), 1),
                Map.of("time_embedding", Tensor.of(Shape.of(1, 1), timestep)),
                1,
                1,
                1);
    }

    @Override
    public Tensor trunk(Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation) {
        return prelude.tokens();
    }

    @Override
    public Tensor head(Prelude prelude, Tensor tokens, CancellationToken cancellation) {
        float time =
                Objects.requireNonNull(prelude.outputs().get("time_embedding")).toFloatArray()[0];
        float[] values = tokens.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.3f * values[i] + 0.1f * (float) Math.sin(time / 100);
        }
        return Tensor.of(latent, values);
    }
}
