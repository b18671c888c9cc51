package dev.quantreel.nodes.measure;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.nodes.spi.NodeInputException;
import java.util.Optional;

/// Whether a scene has the picture that a model starts from, and the size that goes with it.
///
/// @param facts of the model
/// @param port the input that the picture comes through
public record PictureCheck(TransformerFacts facts, String port) {

    /// @throws NodeInputException when a picture is missing, is of no use, or belongs to a latent of another size
    public void require(Scene scene) {
        Optional<BranchConditioning.Image> picture = scene.positive().image();
        TransformerFacts.Image read = facts.latent().image();
        boolean needed =
                read == TransformerFacts.Image.CHANNELS || read == TransformerFacts.Image.CHANNELS_AND_FEATURES;
        if (needed && picture.isEmpty()) {
            throw new NodeInputException(
                    port,
                    "has no picture, but " + facts.variant()
                            + " starts from one; accepted is a prompt that went through Image To Video, with its latent");
        }
        if (read == TransformerFacts.Image.NONE && picture.isPresent()) {
            throw new NodeInputException(
                    port,
                    "has a picture, but " + facts.variant()
                            + " makes videos from text alone; accepted is a prompt without, or an image-to-video model");
        }
        picture.ifPresent(image -> requireLatentOf(image, scene));
    }

    private void requireLatentOf(BranchConditioning.Image image, Scene scene) {
        int kept = scene.latent().knownFrames();
        if (image.knownFrames() != kept) {
            throw new NodeInputException(
                    "latent",
                    "keeps " + kept + " frames at its start, the picture of " + port + " is " + image.knownFrames()
                            + "; accepted is the latent of the same Image To Video");
        }
        Shape latent = scene.latent().samples().shape();
        image.channels().ifPresent(channels -> {
            Shape own = channels.shape();
            if (own.dim(2) != latent.dim(2) || own.dim(3) != latent.dim(3) || own.dim(4) != latent.dim(4)) {
                throw new NodeInputException(
                        "latent",
                        "has " + size(latent) + " cells, the picture of " + port + " " + size(own)
                                + "; accepted is the latent of the same Image To Video");
            }
        });
    }

    private static String size(Shape shape) {
        return shape.dim(2) + " x " + shape.dim(3) + " x " + shape.dim(4);
    }
}
