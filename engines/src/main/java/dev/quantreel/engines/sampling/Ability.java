package dev.quantreel.engines.sampling;

import java.util.Optional;
import java.util.function.Function;

/// What not every model can do. Asked for before it is used: there is nothing to call where it is missing.
///
/// @param <T> how it is used
public sealed interface Ability<T> {

    /// The model can.
    record Present<T>(T value) implements Ability<T> {}

    /// The model cannot.
    ///
    /// @param reason a clause for messages, such as `this model runs one branch at a time`
    record Missing<T>(String reason) implements Ability<T> {}

    /// @param obstacle why the model cannot; empty where it can
    static <T> Ability<T> of(T use, Optional<String> obstacle) {
        return obstacle.<Ability<T>>map(Missing::new).orElseGet(() -> new Present<>(use));
    }

    static <T> Ability<T> missing(String reason) {
        return new Missing<>(reason);
    }

    /// How it is used; empty where it is missing.
    default Optional<T> use() {
        return switch (this) {
            case Present<T>(T value) -> Optional.of(value);
            case Missing<T> _ -> Optional.empty();
        };
    }

    /// Why it is missing; empty where it is there.
    default Optional<String> obstacle() {
        return switch (this) {
            case Present<T> _ -> Optional.empty();
            case Missing<T>(String reason) -> Optional.of(reason);
        };
    }

    /// @param refusal of the reason why it is missing
    default <X extends Throwable> T orElseThrow(Function<String, X> refusal) throws X {
        return switch (this) {
            case Present<T>(T value) -> value;
            case Missing<T>(String reason) -> throw refusal.apply(reason);
        };
    }
}
