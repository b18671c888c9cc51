package dev.quantreel.engines.golden;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.vision.ClipVisionEncoder;
import dev.quantreel.engines.vision.ImageCrop;
import java.util.Map;

/// A picture through CLIP's picture encoder, cropped, and through SigLIP's, squeezed.
final class ClipVisionGolden implements GoldenFamily {

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.contains("in.picture") && (golden.contains("out.hidden") || golden.contains("out.last"));
    }

    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
        Tensor picture = golden.tensor("in.picture");
        Frames frames = new Frames(new Tensor(
                picture.dtype(),
                Shape.of(1, picture.shape().dim(0), picture.shape().dim(1), 3),
                picture.data()));
        try (ClipVisionEncoder encoder = ClipVisionEncoder.open(engine, golden.weights())) {
            boolean siglip = golden.contains("out.last");
            String result = siglip ? "out.last" : "out.hidden";
            ImageCrop crop = siglip ? ImageCrop.NONE : ImageCrop.CENTER;
            Tensor vectors = encoder.encode(frames, 0, crop, CancellationToken.NONE);
            return Map.of(result, GoldenFile.maxAbsoluteError(vectors, golden.tensor(result)));
        }
    }
}
