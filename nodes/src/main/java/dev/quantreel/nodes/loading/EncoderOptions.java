package dev.quantreel.nodes.loading;

import dev.quantreel.engines.text.EncoderPrecision;
import dev.quantreel.engines.text.TargetModel;
import java.util.Optional;

/// Options of the nodes that load text encoders.
public final class EncoderOptions {

    private EncoderOptions() {}

    /// Which model the prompts are for.
    public enum Type {
        /// What the encoder is most used with.
        AUTO("auto", Optional.empty()),
        WAN(TargetModel.WAN),
        HUNYUAN_VIDEO(TargetModel.HUNYUAN_VIDEO),
        HUNYUAN_VIDEO_15(TargetModel.HUNYUAN_VIDEO_15),
        LTX_VIDEO(TargetModel.LTX_VIDEO),
        COGVIDEOX(TargetModel.COGVIDEOX),
        LATTE(TargetModel.LATTE);

        private final String label;
        private final Optional<TargetModel> target;

        Type(TargetModel target) {
            this(target.id(), Optional.of(target));
        }

        Type(String label, Optional<TargetModel> target) {
            this.label = label;
            this.target = target;
        }

        Optional<TargetModel> target() {
            return target;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// How the matrices are held.
    public enum Precision {
        FULL("full", EncoderPrecision.FULL),
        INT8("int8", EncoderPrecision.INT8),
        INT4("int4", EncoderPrecision.INT4);

        private final String label;
        private final EncoderPrecision precision;

        Precision(String label, EncoderPrecision precision) {
            this.label = label;
            this.precision = precision;
        }

        EncoderPrecision precision() {
            return precision;
        }

        @Override
        public String toString() {
            return label;
        }
    }
}
