package dev.quantreel.engines.sampling;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// A transformer of one line: the blocks multiply the tokens, the head adds a function of time. Keeps a log of its
/// calls.
final class FakeModel implements SplitModel {

    /// What the blocks multiply the tokens by, per branch.
    private final float conditional;

    private final float unconditional;
    final List<String> calls = new ArrayList<>();

    /// Timesteps of the generation and the model's own, as announced last.
    List<Float> allTimesteps = List.of();

    List<Float> ownTimesteps = List.of();

    /// Timesteps of all preludes, in order.
    final List<Float> askedTimesteps = new ArrayList<>();

    /// Added to the timestep that the unconditional prelude puts out, so that a step cache sees smaller changes there.
    float unconditionalOffset;

    /// Why the branches cannot run in one pass.
    Optional<String> obstacle = Optional.empty();

    /// Applied to each output, to plant errors.
    UnaryOperator<Tensor> spoiler = UnaryOperator.identity();

    FakeModel(float conditional, float unconditional) {
        this.conditional = conditional;
        this.unconditional = unconditional;
    }

    @Override
    public void schedule(List<Float> timesteps, List<Float> own) {
        allTimesteps = List.copyOf(timesteps);
        ownTimesteps = List.copyOf(own);
    }

    @Override
    public Prelude prelude(Tensor latent, float timestep, Branch branch, CancellationToken cancellation) {
        calls.add("prelude " + branch);
        askedTimesteps.add(timestep);
        Tensor tokens = latent.reshape(1, latent.elements(), 1);
        float seen = branch == Branch.UNCONDITIONAL ? timestep + unconditionalOffset : timestep;
        Tensor embedding = Tensor.of(Shape.of(1, 2), seen, 2 * seen);
        Tensor projection = Tensor.of(Shape.of(1, 6, 1), timestep, 1, 1, 1, 1, 1);
        return new Prelude(
                timestep, tokens, Map.of("time_embedding", embedding, "time_projection", projection), 1, 1, 1);
    }

    @Override
    public Tensor trunk(Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation) {
        calls.add(branch + " A" + activationBits);
        return blocks(prelude, branch);
    }

    @Override
    public Ability<JointTrunk> jointTrunk() {
        return Ability.of(this::both, obstacle);
    }

    private Both both(Prelude conditional, Prelude unconditional, int activationBits, CancellationToken cancellation) {
        cancellation.throwIfCancelled();
        calls.add("BOTH A" + activationBits);
        return new Both(blocks(conditional, Branch.CONDITIONAL), blocks(unconditional, Branch.UNCONDITIONAL));
    }

    private Tensor blocks(Prelude prelude, Branch branch) {
        float factor = branch == Branch.CONDITIONAL ? conditional : unconditional;
        float[] values = prelude.tokens().toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
        return Tensor.of(prelude.tokens().shape(), values);
    }

    /// The reference's v = 0.3 x + 0.1 sin(t / 100), if the blocks multiply by 0.3.
    @Override
    public Tensor head(Prelude prelude, Tensor tokens, CancellationToken cancellation) {
        calls.add("head");
        float time =
                Objects.requireNonNull(prelude.outputs().get("time_embedding")).toFloatArray()[0];
        float[] values = tokens.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] += 0.1f * (float) Math.sin(time / 100);
        }
        return spoiler.apply(Tensor.of(latentShape(values.length), values));
    }

    private static Shape latentShape(int elements) {
        return elements % 72 == 0 ? Shape.of(elements / 72, 4, 2, 3, 3) : Shape.of(1, elements, 1, 1, 1);
    }
}
