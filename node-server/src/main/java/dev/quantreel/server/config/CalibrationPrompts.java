package dev.quantreel.server.config;

import dev.quantreel.engines.calibration.NoText;
import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.checkpoint.CheckpointCensus;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.PromptFormat;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TargetModel;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// What leads generations that statistics are made of: captions encoded by a model's text encoders, one or two, or
/// nothing.
///
/// @param model that they lead
/// @param encoders files in any order; none for zeros instead of text
record CalibrationPrompts(
        TransformerCheckpoint model, List<Path> encoders, Engine engine, CancellationToken cancellation) {

    private TransformerFacts facts() {
        return model.facts();
    }

    /// Prompts and what they were made of.
    ///
    /// @param identity equal where equal vectors come out
    record Encoded(List<Trajectories.Prompt> prompts, String identity) {}

    /// @throws ConfigException when an encoder is not the model's, or one is missing
    Encoded of(List<String> captions, Shape latent) throws Exception {
        if (encoders.isEmpty()) {
            if (captions.stream().anyMatch(caption -> !caption.isEmpty())) {
                throw new ConfigException("--text-encoder is none, and the recipe has captions to be encoded; name the"
                        + " encoder's file, or leave the empty caption alone in the recipe: \"captions\": [\"\"]");
            }
            BranchConditioning nothing = NoText.of(model, latent);
            return new Encoded(List.of(new Trajectories.Prompt(nothing, nothing)), "no text");
        }
        List<String> wanted = new ArrayList<>(captions);
        wanted.add("");
        Map<TextEncoderFamily, Map<String, PromptEmbedding>> encoded = new LinkedHashMap<>();
        StringBuilder identity = new StringBuilder();
        for (Path path : encoders) {
            try (CheckpointFile file = CheckpointFiles.open(path);
                    PromptTokenizer tokenizer = PromptTokenizer.of(file, path);
                    TextEncoder encoder = TextEncoder.open(engine, file, tokenizer)) {
                encoded.put(encoder.family(), encoded(encoder, path, wanted));
                identity.append(CheckpointCensus.identity(file)).append('\n');
            }
        }
        requireAll(encoded);
        BranchConditioning empty = conditioning(encoded, "", latent);
        List<Trajectories.Prompt> prompts = new ArrayList<>();
        for (String caption : captions) {
            BranchConditioning led = caption.isEmpty() ? empty : conditioning(encoded, caption, latent);
            prompts.add(new Trajectories.Prompt(led, empty));
        }
        return new Encoded(prompts, identity + String.join("\n", captions));
    }

    private Map<String, PromptEmbedding> encoded(TextEncoder encoder, Path path, List<String> captions) {
        if (!facts().text().encoders().contains(encoder.family())) {
            TargetModel.refusal(facts().variant(), facts().text().encoders(), List.of(encoder.family()))
                    .ifPresent(reason -> {
                        throw new ConfigException("--text-encoder " + path + " " + reason);
                    });
        }
        Optional<TargetModel> target = Stream.of(TargetModel.values())
                .filter(known -> known.encoders().equals(facts().text().encoders()) && isOf(known))
                .findFirst();
        PromptFormat usual = PromptFormat.of(encoder.family(), target);
        boolean leads = encoder.family() == facts().text().encoders().getFirst();
        PromptFormat format = leads
                ? usual.withMaxTokens(Math.min(usual.maxTokens(), facts().text().length()))
                : usual;
        Map<String, PromptEmbedding> byCaption = new LinkedHashMap<>();
        captions.forEach(caption ->
                byCaption.computeIfAbsent(caption, missing -> encoder.encode(missing, format, cancellation)));
        return byCaption;
    }

    /// `hunyuan-video-1.5` is `hunyuan_video_15`, `ltx-video` `ltxv`.
    private boolean isOf(TargetModel known) {
        String own = facts().family().replace(".", "").replace('-', '_');
        return own.equals(known.id()) || own.equals("ltx_video") && known == TargetModel.LTX_VIDEO;
    }

    private void requireAll(Map<TextEncoderFamily, ?> given) {
        for (TextEncoderFamily needed : facts().text().encoders()) {
            if (!given.containsKey(needed)) {
                throw new ConfigException(facts().variant() + " reads the text of " + needed.title() + ", too; add"
                        + " --text-encoder FILE with its file (" + needed.usualFile() + ")");
            }
        }
    }

    private BranchConditioning conditioning(
            Map<TextEncoderFamily, Map<String, PromptEmbedding>> encoded, String caption, Shape latent) {
        List<TextEncoderFamily> families = facts().text().encoders();
        PromptEmbedding prompt = part(encoded, families.getFirst(), caption);
        for (TextEncoderFamily second : families.subList(1, families.size())) {
            prompt = prompt.with(second, part(encoded, second, caption));
        }
        return new BranchConditioning(
                prompt,
                NoText.of(model, latent).image(),
                NoText.of(model, latent).guidance());
    }

    private static PromptEmbedding part(
            Map<TextEncoderFamily, Map<String, PromptEmbedding>> encoded, TextEncoderFamily family, String caption) {
        PromptEmbedding found = encoded.getOrDefault(family, Map.of()).get(caption);
        if (found == null) {
            throw new IllegalStateException("no " + family + " of '" + caption + "'");
        }
        return found;
    }
}
