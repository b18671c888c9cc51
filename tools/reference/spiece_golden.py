"""Writes the golden file of the SentencePiece tokenizer: a small unigram model and the ids that the `sentencepiece`
package makes of many odd texts.

    pip install -r requirements.txt
    python spiece_golden.py ../../engines/src/test/resources/golden/spiece.safetensors

The model is trained on the first twelve decision records of this repository and the lines below, with the settings that T5's and UMT5's
models have: unigram, nmt_nfkc normalization, byte fallback, pad 0, end 1, unknown 2.
"""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path

import numpy as np
import sentencepiece
from safetensors.numpy import save_file

LINES = [
    "Two anthropomorphic cats in comfy boxing gear fight intensely on a spotlighted stage.",
    "Ein großer roter Kreis bewegt sich nach rechts über einen dunkelblauen Hintergrund.",
    "Un grand cercle rouge se déplace vers la droite, à côté d'un café très animé.",
    "El niño pequeño corrió por la mañana junto al río, ¿verdad?",
    "Большой красный круг движется вправо на тёмно-синем фоне.",
    "大きな赤い円が紺色の背景を右へ動く。カメラはゆっくり近づく。",
    "一个大红色圆圈在深蓝色背景上向右移动,镜头缓缓推进。",
    "색조가 선명한 빨간 원이 남색 배경에서 오른쪽으로 움직인다.",
    "דג גדול שוחה ימינה", "دائرة حمراء كبيرة تتحرك إلى اليمين", "एक बड़ा लाल वृत्त दाईं ओर चलता है",
    "ภาพวงกลมสีแดงขนาดใหญ่เคลื่อนที่ไปทางขวา",
]
TEXTS = [
    "", " ", "   ", "\t", "\n", "\r\n", "\u3000", "a", " a", "a ", "  a  b  ", "a\tb\nc\r\nd", "a\u00a0b", "a\u200bb",
    "a\u200db", "a\ufeffb", "\ufeffa", "a\u00adb", "a\u2028b", "\u0001\u0002a\u007fb",
    "Two anthropomorphic cats in comfy boxing gear and bright gloves fight intensely on a spotlighted stage.",
    "A large red circle moving right on a navy background", "WAN 2.1 T2V-14B, 81 frames @ 16 fps; cfg=5.0!",
    "大きな赤い円が動く", "一个大红色圆圈", "빨간 원", "カメラ", "Большой круг", "דג גדול", "دائرة حمراء", "एक बड़ा वृत्त", "ภาพวงกลม",
    "cafe\u0301 café", "e\u0301\u0323", "\u0301", "a\u0301\u0302\u0303\u0304\u0305", "\u1100\u1161\u11a8", "각", "ﬁ ﬂ ﬃ", "①②③ ½ ™ ℃",
    "ＦＵＬＬ ｗｉｄｔｈ　ｔｅｘｔ", "ｶﾞｷﾞ", "㍿ ㌔", "ㄱㄴ", "Ǆ ǆ", "ſ ẛ", "…", "‘quotes’ “double” «guillemets»", "— – ‐ ‑",
    "😀", "👩‍👩‍👧‍👦 family", "🏳️‍🌈", "👍🏽", "🇩🇪🇫🇷", "a😀b", "😀😀😀", "❤️", "✈", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𠮷野家", "\U0001f9ff\U0010ffff",
    "\ue000", "\ufffd", "\ufdd0", "▁", "▁▁a", "a▁b", "▁ ▁", "<0x41>", "</s>", "<unk>", "<pad>", "a</s>b", "<extra_id_0>",
    "(a red:1.2) [blue|green]", "C:\\dir\\file.txt", "https://example.org/?q=1&r=%20", "naïve façade coöperate", "ÀÉÎÕÜ",
    "I\u0307 i\u0307 ı İ ß ẞ", "²³¹ ₁₂", "𝟙𝟚", "Ω Ω", "Å Å", "ﷺ", "\u0e33", "\u0958", "क्षि", "க்ஷ", "ไม่", "\u1e9b\u0323",
    "tabs\t\tand   spaces \u2003em\u2003space", "!!!???...", "0123456789 3.14159 1,000,000", "x" * 300, "red " * 700,
    "".join(chr(c) for c in range(1, 256)), "".join(chr(c) for c in range(0x300, 0x370)), "a" * 5000,
]


def random_texts() -> list[str]:
    """Runs of characters drawn from many blocks, some with invisible and combining ones between."""
    choice = random.Random(20261121)
    blocks = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x500), (0x590, 0x700), (0x900, 0xE80),
              (0x1100, 0x1200), (0x1E00, 0x2000), (0x2000, 0x2C00), (0x3000, 0x3400), (0x4E00, 0x4F00), (0xAC00, 0xAD00),
              (0xF900, 0xFB50), (0xFE00, 0xFFF0), (0x1D400, 0x1D800), (0x1F300, 0x1FB00), (0x20000, 0x20100)]
    texts = []
    for _ in range(300):
        low, high = choice.choice(blocks)
        mixed = choice.random() < 0.5
        characters = []
        for _ in range(choice.randint(1, 40)):
            if mixed:
                low, high = choice.choice(blocks)
            characters.append(chr(choice.randrange(low, high)) if choice.random() < 0.8 else " ")
        texts.append("".join(characters))
    return texts


def train() -> bytes:
    root = Path(__file__).resolve().parents[2]
    lines = list(LINES)
    for record in sorted((root / "docs/adr").glob("00*.md"))[:12]:
        lines += [line for line in record.read_text(encoding="utf-8").splitlines() if line.strip()]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="unigram", vocab_size=1200,
        normalization_rule_name="nmt_nfkc", byte_fallback=True, character_coverage=0.995,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, num_threads=1, minloglevel=2)
    return model.getvalue()


def main() -> None:
    model = train()
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    texts = TEXTS + random_texts()
    encoded = [text.encode("utf-8") for text in texts]
    ids = [processor.encode(text, add_eos=True) for text in texts]
    save_file({
        "spiece_model": np.frombuffer(model, np.uint8),
        "in.texts": np.frombuffer(b"".join(encoded), np.uint8),
        "in.ends": np.cumsum([len(text) for text in encoded]),
        "out.ids": np.concatenate(ids).astype(np.int16),
        "out.ends": np.cumsum([len(each) for each in ids]),
    }, sys.argv[1])
    print(f"{len(model)} bytes of model, {len(texts)} texts, {processor.vocab_size()} pieces")


if __name__ == "__main__":
    main()
