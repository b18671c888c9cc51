/// Text encoders: prompts to embeddings. Read [TextEncoder], then [PromptTokenizer].
@NullMarked
package dev.quantreel.engines.text;

import org.jspecify.annotations.NullMarked;
