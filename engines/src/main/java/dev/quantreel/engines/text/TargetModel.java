package dev.quantreel.engines.text;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The model families that are steered by text, with the encoders each was trained with.
///
/// Two encoders can give vectors of the same width (T5-XXL and UMT5-XXL: 4096), and a video model fed by the wrong one
/// shows noise or something else than was asked: [#refusal] is the question to ask first.
public enum TargetModel {
    /// Wan 2.1 and 2.2.
    WAN("wan", "Wan", TextEncoderFamily.UMT5),
    HUNYUAN_VIDEO("hunyuan_video", "HunyuanVideo", TextEncoderFamily.LLAMA, TextEncoderFamily.CLIP_L),
    HUNYUAN_VIDEO_15("hunyuan_video_15", "HunyuanVideo 1.5", TextEncoderFamily.QWEN_25_VL, TextEncoderFamily.BYT5),
    LTX_VIDEO("ltxv", "LTX-Video", TextEncoderFamily.T5),
    COGVIDEOX("cogvideox", "CogVideoX", TextEncoderFamily.T5),
    LATTE("latte", "Latte", TextEncoderFamily.T5);

    private final String id;
    private final String title;
    private final List<TextEncoderFamily> encoders;

    TargetModel(String id, String title, TextEncoderFamily... encoders) {
        this.id = id;
        this.title = title;
        this.encoders = List.of(encoders);
    }

    /// Name on the wire, ComfyUI's where it has one.
    public String id() {
        return id;
    }

    /// Name for people.
    public String title() {
        return title;
    }

    /// The encoders it was trained with, the one that gives the tokens first.
    public List<TextEncoderFamily> encoders() {
        return encoders;
    }

    /// The families that read an encoder.
    public static List<TargetModel> readersOf(TextEncoderFamily family) {
        return Stream.of(values())
                .filter(target -> target.encoders.contains(family))
                .toList();
    }

    /// As [#refusal(String, List, Collection)], for this family.
    public Optional<String> refusal(Collection<TextEncoderFamily> given) {
        return refusal(title, encoders, given);
    }

    /// Why a prompt encoded by `given` cannot steer a model: what encoded it, what was expected, which file would do.
    ///
    /// @param model name for people
    /// @param expected encoders of the model, the one that gives the tokens first
    /// @return a predicate without its subject ("comes from ..."), empty when they fit
    public static Optional<String> refusal(
            String model, List<TextEncoderFamily> expected, Collection<TextEncoderFamily> given) {
        String reads = "; " + model + " reads " + describe(expected);
        for (TextEncoderFamily family : given) {
            if (!expected.contains(family)) {
                return Optional.of("comes from " + family.title() + ", which belongs to " + family.partners() + reads);
            }
        }
        return given.contains(expected.getFirst()) ? Optional.empty() : Optional.of("has no vectors per token" + reads);
    }

    /// Names and usual files of its encoders, for messages.
    public String describeEncoders() {
        return describe(encoders);
    }

    private static String describe(List<TextEncoderFamily> families) {
        return families.stream()
                .map(family -> family.title() + " (" + family.usualFile() + ")")
                .collect(Collectors.joining(" together with "));
    }

    @Override
    public String toString() {
        return id;
    }
}
