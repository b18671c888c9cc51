package dev.quantreel.engines.evaluation;

/// What one generation by one method came to, against full precision from the same prompt and noise.
///
/// @param meanActivationBits over the computed steps; 16 at full precision
/// @param teacherForced mean over the steps of the relative L2 error of the velocity at full precision's latents
/// @param finalLatent relative L2 of the final latent, free running
/// @param psnr of the decoded clip in dB, mean over frames, each capped at 100
/// @param ssim of the decoded clip
/// @param captionRate share of the caption's attributes that the judge finds in the clip
/// @param trunkPasses passes through the blocks, both guidance branches counted
/// @param secondsPerStep wall time of the sampler divided by its steps
record Measurement(
        double meanActivationBits,
        double teacherForced,
        double finalLatent,
        double psnr,
        double ssim,
        double captionRate,
        double trunkPasses,
        double secondsPerStep) {}
