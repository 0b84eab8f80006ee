#!/usr/bin/env python3
"""Makes tests/vectors/tok/: small tokenizers of our own and the ids that others give for hard texts.

Run it from the root of the tree; it needs Debian's python3-sentencepiece, python3-protobuf, python3-regex.

SentencePiece's ids come from sentencepiece itself. Those of byte-level BPE come from the plain reference below, written from
GPT-2's paper and the documents of Hugging Face's tokenizers: no heap, no cache, Python's `regex` for the patterns.
ids.tsv has a line "text HEX" for each text, then a line "TOKENIZER IDS" for each tokenizer; IDxN is N times that id.
"""
import io
import itertools
import json
import random
import unicodedata

import regex
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

OUT = "tests/vectors/tok/"
BROOK = "pipelines/brook/model/tokenizer.model"
TEXT = open("pipelines/brook/prose.test.txt", encoding="utf-8").read()

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
HEAD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
QWEN2 = HEAD + r"\p{N}|" + TAIL
LLAMA3 = HEAD + r"\p{N}{1,3}|" + TAIL

TEXTS = [
    b"", b" ", b"  ", b"     x", b"x     ", b"\n", b"\n\n\n", b"\r\n \r\n", b"\t\tif (a)\n\t\treturn;\n", b" \n ", b"a\0b",
    "The quick brown fox; it's 1234567 o'clock, I'LL say: don't!".encode(),
    "日本語のテキスト、中文字符。한국어".encode(), "😀👨\u200d👩\u200d👧 é e\u0301 ñ \u212b ﬁ".encode(),
    "\u2581a \u2581 \u2581\u2581b".encode(), "\u00a0\u3000\u2028\u0085\u180e\ufeff x".encode(), "١٢٣ ½ Ⅷ ²".encode(), "we\u017ft 'ſ 'S".encode(),
    b"\xff\xfeabc", b"\xe2\x82", b"a\xed\xa0\x80b", b"\xf4\x90\x80\x80", b"\xc0\x80 \xe2\x96", b"<s>a<unk></s><0x0A><tok> <|end|>",
    "user sym the<tok>the  user symbol\u2581there".encode(), b"the the the whale whaling",
    b"a" * 1000, b" " * 1000, b"\n" * 500, b"ab" * 300 + b" " * 100 + b"c", "é".encode() * 200,
]


def byte_alphabet():
    """The letter of each byte: printing Latin-1 for itself, the rest from U+0100 on."""
    keep = [*range(33, 127), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = (b for b in range(256) if b not in keep)
    letters = {b: chr(b) for b in keep}
    letters.update({b: chr(256 + i) for i, b in enumerate(rest)})
    return letters


LETTER = byte_alphabet()


def clean(data):
    """Bytes to text: each byte that is not UTF-8 is U+FFFD (Python's own replacement takes several at once)."""
    out, i = [], 0
    while i < len(data):
        for n in (1, 2, 3, 4):
            try:
                out.append(data[i:i + n].decode("utf-8"))
                i += n
                break
            except UnicodeDecodeError:
                pass
        else:
            out.append("\ufffd")
            i += 1
    return "".join(out)


def merge(symbols, rank):
    while True:
        pairs = [(rank[p], i) for i, p in enumerate(zip(symbols, symbols[1:])) if p in rank]
        if not pairs:
            return symbols
        i = min(pairs)[1]
        symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]


def train(words, merges):
    """Merges by count; ties by text, so that the result is one."""
    words = {w: [LETTER[b] for b in w.encode()] for w in words}
    out = []
    for _ in range(merges):
        count = {}
        for w in words.values():
            for p in zip(w, w[1:]):
                count[p] = count.get(p, 0) + 1
        best = min(count, key=lambda p: (-count[p], p))
        out.append(best)
        for w in words.values():
            merge(w, {best: 0})
    return out


def byte_level(name, steps, pre, normalizer=None, added=(), ignore_merges=False, pairs=False, prefix=False):
    """One tokenizer.json; steps: (pattern) lists for the reference. Returns the function that encodes."""
    merges = train(regex.findall(GPT2, TEXT[:30000]), 150)
    vocab = sorted(LETTER.values()) + [a + b for a, b in merges]
    if ignore_merges:  # words that merging alone would not reach
        vocab += ["Ġwhale", "ĠIsh"]
    ids = {v: i for i, v in enumerate(dict.fromkeys(vocab))}
    tokens = [{"id": len(ids) + i, "content": c, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
               "special": special} for i, (c, special) in enumerate(added)]
    plain = {t["content"]: t["id"] for t in tokens if not t["special"]}
    rank = {p: i for i, p in enumerate(merges)}
    json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": normalizer,
               "pre_tokenizer": pre, "post_processor": None, "decoder": {"type": "ByteLevel"},
               "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                         "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": ignore_merges,
                         "vocab": ids, "merges": [list(m) if pairs else " ".join(m) for m in merges]}},
              open(OUT + name + ".json", "w", encoding="utf-8"), ensure_ascii=False, indent=0)

    def split(text, steps):
        if not steps:
            return [text] if text else []
        out, at = [], 0
        for m in regex.finditer(steps[0], text):
            out += split(text[at:m.start()], steps[1:]) + split(m.group(), steps[1:])
            at = m.end()
        return out + split(text[at:], steps[1:])

    def segment(text):
        if prefix and text and not text.startswith(" "):
            text = " " + text
        if normalizer:
            text = unicodedata.normalize("NFC", text)
        out = []
        for word in split(text, steps):
            letters = [LETTER[b] for b in word.encode()]
            whole = "".join(letters)
            out += [ids[whole]] if ignore_merges and whole in ids else [ids[s] for s in merge(letters, rank)]
        return out

    def encode(data):
        text, out = clean(data), []
        if not plain:
            return segment(text)
        for part in regex.split("(" + "|".join(regex.escape(c) for c in sorted(plain, key=len, reverse=True)) + ")", text):
            out += [plain[part]] if part in plain else segment(part)
        return out

    return encode


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def level(use_regex, prefix=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": use_regex}


def isolated(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def spm(name, unused=False, **how):
    """One tokenizer.model trained on our prose; unused: a third of the pieces become unused."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(TEXT.splitlines()), model_writer=made, model_type="bpe",
                                             normalization_rule_name="identity", minloglevel=2, **how)
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(made.getvalue())
    chance = random.Random(5)
    for p in model.pieces:
        if unused and p.type == 1 and len(p.piece) > 1 and chance.random() < 0.33:
            p.type = 5
    open(OUT + name + ".model", "wb").write(model.SerializeToString())
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString()).encode


def main():
    added = [("<|end|>", True), ("<tok>", False), ("<tok><tok>", False)]
    made = {
        "brook": sentencepiece.SentencePieceProcessor(model_file=BROOK).encode,
        "spm-bytes": spm("spm-bytes", vocab_size=480, byte_fallback=True, unused=True, character_coverage=0.99),
        "spm-symbols": spm("spm-symbols", vocab_size=180, user_defined_symbols=["<tok>", "user sym", "the", "\u2581there", "  "], character_coverage=0.99),
        "spm-spaces": spm("spm-spaces", vocab_size=460, byte_fallback=True, split_by_whitespace=False, remove_extra_whitespaces=False,
                          add_dummy_prefix=False, character_coverage=0.99),
        "spm-suffix": spm("spm-suffix", vocab_size=200, treat_whitespace_as_suffix=True, character_coverage=0.99),
        "gpt2": byte_level("gpt2", [GPT2], level(True)),
        "prefix": byte_level("prefix", [GPT2], level(True, True), added=added, prefix=True),
        "qwen2": byte_level("qwen2", [QWEN2], sequence(isolated(QWEN2), level(False)), normalizer={"type": "NFC"}, added=added),
        "llama3": byte_level("llama3", [LLAMA3], sequence(isolated(LLAMA3), level(False)), ignore_merges=True, pairs=True),
        "smollm": byte_level("smollm", [r"\p{N}", GPT2], sequence({"type": "Digits", "individual_digits": True}, level(True))),
    }
    with open(OUT + "ids.tsv", "w", encoding="ascii") as out:
        for text in TEXTS:
            print("text", text.hex(), sep="\t", file=out)
            for name, encode in made.items():
                runs = [(i, len(list(g))) for i, g in itertools.groupby(encode(text))]
                print(name, " ".join(f"{i}x{n}" if n > 1 else str(i) for i, n in runs), sep="\t", file=out)


if __name__ == "__main__":
    main()
