package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.DemoModel;
import dev.quantreel.nodes.spi.NodeFolders;

/// Where the bundled demo model lies.
final class DemoFiles {

    private DemoFiles() {}

    static DemoModel.Files of(NodeFolders folders) {
        return new DemoModel.Files(
                folders.resolve("transformer", "diffusion_models", "quantreel_demo_dit_bf16.safetensors"),
                folders.resolve("text encoder", "text_encoders", "quantreel_demo_umt5_bf16.safetensors"),
                folders.resolve("vae", "vae", "quantreel_demo_taehv_bf16.safetensors"));
    }
}
