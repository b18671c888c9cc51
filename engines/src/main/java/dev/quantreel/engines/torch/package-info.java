/// Gradients of our own graphs: PyTorch through Deep Java Library runs the nodes of an ONNX graph and differentiates
/// them. PyTorch is optional; it is looked for when something is to be trained, and not before. The only package that
/// knows it.
@NullMarked
package dev.quantreel.engines.torch;

import org.jspecify.annotations.NullMarked;
