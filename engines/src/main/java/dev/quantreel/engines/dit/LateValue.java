package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Value;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A value that is emitted when it is first asked for, if ever.
final class LateValue implements Supplier<Value> {

    private final Supplier<Value> emission;
    private @Nullable Value made;

    LateValue(Supplier<Value> emission) {
        this.emission = emission;
    }

    @Override
    public Value get() {
        Value known = made;
        if (known == null) {
            known = emission.get();
            made = known;
        }
        return known;
    }
}
