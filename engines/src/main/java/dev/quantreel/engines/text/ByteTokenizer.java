package dev.quantreel.engines.text;

import java.nio.charset.StandardCharsets;

/// ByT5's tokens: every byte of the UTF-8 text plus three, then the end token 1.
final class ByteTokenizer implements PromptTokenizer {

    /// Ids below are padding 0, end 1 and unknown 2.
    private static final int SPECIAL = 3;

    private static final int END = 1;

    @Override
    public int[] encode(String prompt) {
        byte[] bytes = prompt.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length + 1];
        for (int i = 0; i < bytes.length; i++) {
            ids[i] = (bytes[i] & 0xFF) + SPECIAL;
        }
        ids[bytes.length] = END;
        return ids;
    }

    @Override
    public void close() {}
}
