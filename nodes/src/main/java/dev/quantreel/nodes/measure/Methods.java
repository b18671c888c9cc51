package dev.quantreel.nodes.measure;

import dev.quantreel.nodes.spi.Socket;
import java.util.List;
import java.util.stream.Stream;

/// Ways to run a model that are compared with one another, in the order of the tables.
///
/// @param candidates with different names
@Socket("METHODS")
public record Methods(List<Candidate> candidates) {

    public Methods {
        candidates = List.copyOf(candidates);
    }

    /// These and one more.
    public Methods with(Candidate candidate) {
        return new Methods(
                Stream.concat(candidates.stream(), Stream.of(candidate)).toList());
    }
}
