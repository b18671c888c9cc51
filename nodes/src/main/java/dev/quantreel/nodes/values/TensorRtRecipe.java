package dev.quantreel.nodes.values;

import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.tensorrt.EngineKind;
import java.util.Map;
import java.util.Optional;

/// What engines of TensorRT a model gets, as settings of its [EngineChoice]: `high=qdq-int8 low=int4
/// clips=832x480x81 text=512`.
///
/// @param high form of the graphs; of those for steps of many bits, where there are others
/// @param low form of the blocks of steps of up to [#LOW_BITS] bits; empty where one form serves all
/// @param clips sizes as [ClipRange#parse] reads them; empty builds for whatever comes
/// @param text tokens of prompts, likewise; empty is the most that the model reads
public record TensorRtRecipe(ExportForm high, Optional<ExportForm> low, String clips, String text) {

    /// Activation bits up to which a step is one of few bits.
    public static final int LOW_BITS = 4;

    /// The forms that the settings name, or those that suit what the model is quantized to.
    ///
    /// @throws IllegalArgumentException when a setting has no such value; says what is accepted
    public static TensorRtRecipe of(DiffusionModel model) {
        Map<String, String> settings =
                EngineOptions.parse(0, model.execution().engine().settings()).settings();
        ExportForm high =
                settings.containsKey("high") ? form("high", settings.getOrDefault("high", "")) : suiting(model);
        Optional<ExportForm> low = Optional.ofNullable(settings.get("low"))
                .filter(name -> !name.equals("none"))
                .map(name -> form("low", name));
        return new TensorRtRecipe(high, low, settings.getOrDefault("clips", ""), settings.getOrDefault("text", ""));
    }

    private static ExportForm form(String setting, String name) {
        return ExportForm.of(name)
                .filter(ExportForm::isTyped)
                .orElseThrow(() -> new IllegalArgumentException(
                        setting + " is '" + name + "'; qdq-int8, int4, fp8 and plain are accepted"));
    }

    private static ExportForm suiting(DiffusionModel model) {
        if (model.plan().isEmpty()) {
            return ExportForm.PLAIN;
        }
        return model.activations().isEmpty() && model.plan().get().weightBits() <= LOW_BITS
                ? ExportForm.INT4
                : ExportForm.QDQ_INT8;
    }

    /// These settings as text.
    public String settings() {
        return "high=" + high.id() + " low=" + low.map(ExportForm::id).orElse("none")
                + (clips.isBlank() ? "" : " clips=" + clips.replaceAll("\\s", ""))
                + (text.isBlank() ? "" : " text=" + text);
    }

    /// What a form of a model computes in.
    public static EngineKind kind(ExportForm form, DiffusionModel model) {
        return switch (form) {
            case PLAIN, INTEGER -> EngineKind.BF16;
            case INT4 -> EngineKind.INT4_WEIGHTS;
            case FP8 -> EngineKind.FP8;
            case QDQ_INT8 ->
                model.plan().filter(plan -> plan.weightBits() < Byte.SIZE).isPresent()
                        ? EngineKind.W4_AS_INT8
                        : EngineKind.INT8;
        };
    }

    /// What a form of a model is, with the bits that its weights really have.
    public static String label(ExportForm form, DiffusionModel model) {
        EngineKind kind = kind(form, model);
        return kind == EngineKind.W4_AS_INT8
                ? kind.label().replace("W4", "W" + model.plan().orElseThrow().weightBits())
                : kind.label();
    }
}
