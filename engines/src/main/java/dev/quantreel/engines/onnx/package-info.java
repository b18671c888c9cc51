/// Builds and writes ONNX graphs. Read [OnnxGraphBuilder], then [OnnxModel]. [NeuralOps] holds the compound
/// operations of transformers, [OnnxWriter] writes files, [OnnxText] shows a graph to people.
@NullMarked
package dev.quantreel.engines.onnx;

import org.jspecify.annotations.NullMarked;
