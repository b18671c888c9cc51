package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.List;

/// The sizes of a TAEHV decoder (`taehv.py` of madebyollin/taehv, MIT): three stages of memory blocks, each
/// doubling height and width, the last two doubling the frame rate, then a convolution to RGB.
///
/// @param latentChannels channels of the latent
/// @param widths channels of the three stages and of the last convolutions
/// @param patch side of the square of pixels that the last convolution gives for each of its positions
record TaehvConfig(int latentChannels, List<Integer> widths, int patch) {

    private static final List<Integer> TIME_FACTORS = List.of(1, 2, 2);

    /// The decoders of LTX-2's latents lengthen the clip in every stage.
    private static final List<Integer> LTX_TIME_FACTORS = List.of(2, 2, 2);
    private static final int LTX_PATCH = 4;
    private static final int COLOURS = 3;
    private static final int STAGE_PIXELS = 8;

    /// Position of the first memory block of stage 0 in the layer list, and the distance from stage to stage.
    private static final int FIRST_BLOCK = 3;
    private static final int STAGE = 6;

    static final int STAGES = 3;
    static final int BLOCKS_PER_STAGE = 3;

    /// Reads the sizes from shapes and checks every tensor of the decoder. Tensors outside `decoder.` are ignored.
    ///
    /// @throws UnsupportedCheckpointException when it is another decoder or a variant that is not supported
    static TaehvConfig of(Checkpoint checkpoint) {
        TaehvConfig config = new TaehvConfig(
                CheckpointShapes.extent(checkpoint, "decoder.1.weight", 4, 1),
                List.of(
                        CheckpointShapes.extent(checkpoint, "decoder.1.weight", 4, 0),
                        CheckpointShapes.extent(checkpoint, "decoder.8.weight", 4, 0),
                        CheckpointShapes.extent(checkpoint, "decoder.14.weight", 4, 0),
                        CheckpointShapes.extent(checkpoint, "decoder.20.weight", 4, 0)),
                patch(checkpoint));
        config.requireTensors(checkpoint);
        return config;
    }

    /// Layer number of a memory block.
    static int block(int stage, int block) {
        return FIRST_BLOCK + STAGE * stage + block;
    }

    /// Layer number of the convolution that follows the memory blocks of a stage and lengthens the clip.
    static int grow(int stage) {
        return FIRST_BLOCK + STAGE * stage + BLOCKS_PER_STAGE + 1;
    }

    private static int patch(Checkpoint checkpoint) {
        int rows = CheckpointShapes.extent(checkpoint, "decoder.22.weight", 4, 0);
        int side = (int) Math.round(Math.sqrt(rows / (double) COLOURS));
        if (rows != COLOURS * side * side) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(),
                    "tensor decoder.22.weight has " + rows + " rows; expected are 3, 12 or 48: a square of RGB pixels");
        }
        return side;
    }

    /// Frames per frame of a stage.
    int timeFactor(int stage) {
        return (patch == LTX_PATCH ? LTX_TIME_FACTORS : TIME_FACTORS).get(stage);
    }

    /// Pictures that one latent frame becomes.
    int framesPerLatent() {
        return timeFactor(0) * timeFactor(1) * timeFactor(2);
    }

    /// Pixels per latent cell, each way.
    int pixelsPerCell() {
        return STAGE_PIXELS * patch;
    }

    private void requireTensors(Checkpoint checkpoint) {
        convolution(checkpoint, "decoder.1", latentChannels, widths.getFirst());
        for (int stage = 0; stage < STAGES; stage++) {
            int width = widths.get(stage);
            for (int block = 0; block < BLOCKS_PER_STAGE; block++) {
                String name = "decoder." + block(stage, block) + ".conv.";
                convolution(checkpoint, name + "0", 2 * width, width);
                convolution(checkpoint, name + "2", width, width);
                convolution(checkpoint, name + "4", width, width);
            }
            String grow = "decoder." + grow(stage) + ".conv.weight";
            int rows = CheckpointShapes.extent(checkpoint, grow, 4, 0);
            CheckpointShapes.require(checkpoint, grow, Shape.of(rows, width, 1, 1));
            if (rows < timeFactor(stage) * width) {
                throw new UnsupportedCheckpointException(
                        checkpoint.source(),
                        "tensor " + grow + " has " + rows + " rows, expected at least " + timeFactor(stage) * width);
            }
            CheckpointShapes.require(
                    checkpoint,
                    "decoder." + (grow(stage) + 1) + ".weight",
                    Shape.of(widths.get(stage + 1), width, 3, 3));
        }
        convolution(checkpoint, "decoder.22", widths.getLast(), COLOURS * patch * patch);
    }

    private static void convolution(Checkpoint checkpoint, String layer, int in, int out) {
        CheckpointShapes.require(checkpoint, layer + ".weight", Shape.of(out, in, 3, 3));
        CheckpointShapes.require(checkpoint, layer + ".bias", Shape.of(out));
    }
}
