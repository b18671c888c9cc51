package dev.quantreel.server.execution;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Why a node failed, with everything a user needs to find the place.
///
/// @param exceptionType class name of the exception
/// @param message what went wrong; begins with the input concerned, when one is
/// @param input the input concerned, when the node says so
/// @param inputs values of the node's inputs, as text
/// @param executed ids of the nodes that had run
public record Failure(
        String nodeId,
        String nodeType,
        String title,
        String exceptionType,
        String message,
        Optional<String> input,
        List<String> trace,
        Map<String, String> inputs,
        List<String> executed) {}
