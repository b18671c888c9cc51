package dev.quantreel.nodes.video;

import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.NodeInputException;

/// What nodes ask that take a picture through a VAE in tiles.
public record Tiles(
        @In(
                help = "Side of a tile, pixels; smaller needs less memory and more time. 0 chooses: the whole picture"
                        + " where 2 GiB are enough.",
                initial = "0",
                max = 4096,
                step = 32,
                advanced = true)
        int tileSize,

        @In(
                help =
                        "How far neighbouring tiles reach into each other and blend, pixels. 0 is a quarter of the tile.",
                initial = "0",
                max = 1024,
                step = 16,
                advanced = true)
        int overlap) {

    public Tiles {
        if (tileSize > 0 && overlap > tileSize / 2) {
            throw new NodeInputException(
                    "overlap", "is " + overlap + "; accepted is at most half the tile, " + tileSize / 2);
        }
    }

    DecodeOptions options() {
        return new DecodeOptions(tileSize, overlap);
    }
}
