package dev.quantreel.engines.export;

import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.rotation.Rotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Which plans have which forms, and what a form does otherwise than the plan says.
final class FormRules {

    private FormRules() {}

    /// @throws IllegalArgumentException when a plan has no such form; says what is in the way and what is
    /// accepted
    static void require(ExportSource source, ExportSettings settings) {
        ExportForm form = settings.form();
        if (form.isQuantized() && source.quantized().isEmpty()) {
            throw new IllegalArgumentException("the form " + form + " holds quantized weights, and the model is in full"
                    + " precision; quantize it first (a recipe, or a quantizing node), or export the form plain");
        }
        if (form == ExportForm.INTEGER || form == ExportForm.PLAIN) {
            return;
        }
        QuantizationPlan plan = source.quantized().orElseThrow().plan();
        if (plan.smoothing() instanceof SmoothingPlan.OfInput) {
            throw new IllegalArgumentException("smoothing by the very input rounds weights anew at every step, so there"
                    + " are no constant weights for the form " + form + "; accepted are smoothing by statistics or"
                    + " none, and the form integer");
        }
        boolean rounds = form == ExportForm.QDQ_INT8 || form == ExportForm.FP8;
        if (rounds && plan.activations() instanceof ActivationQuantizer.FullPrecision) {
            throw new IllegalArgumentException("the plan keeps activations in floating point, and the form " + form
                    + " rounds them to 8 bits; accepted is the form int4, or a plan that quantizes activations");
        }
    }

    /// What people should know, one sentence each.
    static List<String> notes(ExportSource source, ExportSettings settings) {
        List<String> notes = new ArrayList<>();
        source.quantized()
                .filter(weights -> settings.form().isQuantized())
                .ifPresent(weights -> notes.addAll(ofPlan(weights, settings.form())));
        if (settings.form() == ExportForm.INT4) {
            notes.add("Activations stay in " + settings.precision() + " (W4A16): memory is saved, products take as"
                    + " long as in 16 bits.");
        }
        if (settings.form().isTyped() && settings.precision() == ComputePrecision.FP16) {
            notes.add("FP16 ends at 65,504: activations of some models exceed it where they are not normalised; BF16"
                    + " does not.");
        }
        return List.copyOf(notes);
    }

    private static List<String> ofPlan(QuantizedWeights weights, ExportForm form) {
        List<String> notes = new ArrayList<>();
        ActivationQuantizer planned = weights.plan().activations();
        switch (form) {
            case QDQ_INT8 -> notes.add(int8(weights, planned));
            case FP8 ->
                notes.add("Activations are E4M3 with a scale per token (largest magnitude), whatever the plan says ("
                        + planned + ").");
            case INT4 -> notes.add("The plan's activations (" + planned + ") are not rounded in this form.");
            case INTEGER, PLAIN -> {}
        }
        boolean shifts = planned instanceof ActivationQuantizer.GeluAware;
        if (shifts && form != ExportForm.INTEGER) {
            notes.add("Outputs of a GELU are not shifted above zero: this form has codes with a sign alone.");
        }
        if (form == ExportForm.INTEGER
                && weights.matrices().values().stream().anyMatch(matrix -> !matrix.isInteger())) {
            notes.add("Weights whose groups have steps of their own, or fractional zero points, are multiplied in F32,"
                    + " as natively: a product of integers cannot carry them.");
        }
        if (form == ExportForm.INTEGER && weights.plan().smoothing() instanceof SmoothingPlan.OfInput) {
            notes.add("Smoothing by the very input: weights are rounded in the graph at every step, in F32.");
        }
        return notes;
    }

    private static String int8(QuantizedWeights weights, ActivationQuantizer planned) {
        Optional<QuantizedMatrix> first = weights.matrices().values().stream().findFirst();
        Optional<Rotation> rotation = first.flatMap(weights::rotation);
        RowScale scale = RowScale.of(planned, rotation);
        String says =
                switch (scale) {
                    case RowScale.AbsMax() -> "the largest magnitude of the token";
                    case RowScale.Rms(float span) -> span + " root mean squares of the token";
                };
        String same = RowScale.isNative(planned, rotation)
                ? "the codes are those of the plan at 8 bits"
                : "in place of the plan's " + planned;
        return "Activations are INT8 over " + says + ", " + same + "; fewer bits have no form of their own here.";
    }
}
