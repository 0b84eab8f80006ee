#!/usr/bin/env python3
"""Makes tests/vectors/tok_kinds/: a small tokenizer of every kind that models use, and what its own library gives for hard texts.

Run it from the root of the tree with the packages tokenizers and sentencepiece (not needed by any test): tok_kinds_make.py [OUT [CHARSMAP]].
The pipelines are those of the models' own tokenizer.json, the vocabularies are trained here on brook's prose.
OUT/NAME.json, OUT/NAME.model; OUT/texts.txt: a text in hexadecimal a line; OUT/ids.tsv: NAME, "plain" or "special" (control tokens are found),
then for each text zlib's CRC-32 of its ids as little-endian uint32. CHARSMAP is nmt_nfkc (all of SentencePiece's default map, 240 KB) when it
is given, else a map of a few rules.
"""
import base64
import json
import os
import random
import struct
import sys
import unicodedata
import zlib

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = sys.argv[1] if len(sys.argv) > 1 else "tests/vectors/tok_kinds"
NFKC = sys.argv[2:] == ["nmt_nfkc"]
PROSE = open("pipelines/brook/prose.test.txt", encoding="utf-8").read()[:40000]
LINES = [l for l in PROSE.split("\n") if l] + ["日本語のテキスト 中文字符 한국어", "Ünïcödé é à ç naïve 2024 100 3.14", "if (a == b) { return x[i] + 1; }"] * 3

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + TAIL
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + TAIL
UP, LOW = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SLASH = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (rf"[^\r\n\p{{L}}\p{{N}}]?{UP}*{LOW}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UP}+{LOW}*{CONTRACTIONS}?|\p{{N}}{{1,3}}|" + SLASH)
TEKKEN = rf"[^\r\n\p{{L}}\p{{N}}]?{UP}*{LOW}+|[^\r\n\p{{L}}\p{{N}}]?{UP}+{LOW}*|\p{{N}}|" + SLASH
DEEPSEEK3 = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"""
             r"\s*[\r\n]+|\s+(?!\S)|\s+")
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
CLIP = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
SPACE = "\u2581"


def old(c):
    """Of the same category since Unicode 3.2: tokenizers has tables of several versions, the oldest of Unicode 8."""
    return unicodedata.category(c) not in ("Cn", "Cs", "Co") and unicodedata.ucd_3_2_0.category(c) == unicodedata.category(c)


def texts():
    made = [
        "", " ", "  ", "     x", "x     ", "\n", "\n\n\n", "\r\n \r\n", "a\r\nb\r\n", "a\rb", "\t\tif (a)\n\t\treturn;\n", " \n ", "a\0b", "\t \u00a0\u3000x",
        "The quick brown fox; it's 1234567 o'clock, I'LL say: don't!", "Call me Ishmael. Some years ago--never mind how long precisely",
        "日本語のテキスト、中文字符。한국어", "中文without空格mixed漢字ﾊﾝｶｸ", "😀👨\u200d👩\u200d👧 é e\u0301 ñ \u212b ﬁ", "e\u0301\u0302a\u0308 o\u0323\u0307", "\u2581a \u2581 \u2581\u2581b",
        "\u00a0\u3000\u2028\u0085\u180e\ufeff x", "١٢٣ ½ Ⅷ ² ³ ¼", "we\u017ft 'ſ 'S", "<s>a<0x0A><tok> <|end|>", "<|end|>", "<|end|><|end|>", "x <|end|> y",
        "x<mask>y", "x  <mask>  y", " <mask> ", "<tok>", "a<tok>b <tok><tok> c", "aword word words word", "the word, word.", "WORD Word word",
        "İstanbul ΑΣ ς ẞ ﬀ Ǆ", "ℌ ① ㍿ ｱ ﷺ", "naïve café Ünïcödé ÀÉÎ", "a\u0300\u0301\u0302\u0303b", "x\u200by\u200cz\u00ad", "1 22 333 4444 55555 123456789",
        "3.14 1,000,000 -5 +7 $9 50%", "''' \"\"\" ``` ... --- ***", "a_b-c/d\\e|f~g`h^i", "https://example.com/a?b=c&d=e#f", "x=1;y=2;{z:[1,2]}", "don't won't I'll we've it's",
        "DON'T WON'T I'LL WE'VE", "HelloWorld helloWorld HELLOworld", "кошка и собака", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก", "ａｂｃ　１２３",
        "a" * 120, "é" * 60, " " * 70, "\n" * 40, "ab" * 50 + " " * 30 + "c", "漢" * 40, "[CLS] a [SEP] [UNK] [MASK]", "\ufffd\ufffd", "a\ufffdb",
        "tab\tseparated\tvalues", "line\n  indented\n    more\n", "end.\n\nNew paragraph.\n", "…dots… “quotes” ‘single’ –dash—", "♥★☃ ∑∫√ ←→ ▁▂▃",
    ]
    chance = random.Random(7)
    every = [chr(c) for c in range(32, 0x20000) if not 0xd800 <= c < 0xe000 and old(chr(c))]
    ascii_ = [chr(c) for c in range(32, 127)] + ["\n", "\t", "  "]
    marks = [c for c in every if unicodedata.category(c) == "Mn"]
    words = PROSE.split()
    while len(made) < 150:
        n, way = chance.randrange(3, 40), len(made) % 5
        if way == 0:
            made.append("".join(chance.choices(every, k=n)))
        elif way == 1:
            made.append("".join(chance.choices(ascii_, k=2 * n)))
        elif way == 2:
            made.append("".join(c + chance.choice(["", "", chance.choice(marks)]) for c in chance.choices("abeouxyAEÑé가", k=n)))
        elif way == 3:
            made.append("".join(chance.choice(words) + chance.choice([" ", "  ", "\n", "\r\n", "<tok>", " word ", "<|end|>", "!", "12", "\u3000"]) for _ in range(n // 2)))
        else:
            made.append(" ".join(chance.choices(words, k=n)))
    return made


TEXTS = texts()
ADDED = [AddedToken("<|end|>", special=True, normalized=False), AddedToken("<mask>", special=True, lstrip=True, normalized=False),
         AddedToken("<tok>", special=False, normalized=False), AddedToken("word", special=False, single_word=True, normalized=True),
         AddedToken("<tok><tok>", special=False, normalized=False, rstrip=True)]


def level(prefix=False, regex=True):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def seq(*steps):
    return pre_tokenizers.Sequence(list(steps))


def bpe(pre, normalizer=None, model=None, initial=None, size=400, drop=0, special=(), **how):
    """Trained, then loaded again with the model's flags that training does not know."""
    t = Tokenizer(models.BPE(**{k: v for k, v in how.items() if k in ("unk_token", "end_of_word_suffix", "fuse_unk", "byte_fallback")}))
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    initial = initial if initial is not None else pre_tokenizers.ByteLevel.alphabet()
    kept = {k: v for k, v in how.items() if k == "end_of_word_suffix"}
    t.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=size, show_progress=False, initial_alphabet=sorted(initial), special_tokens=list(special), **kept))
    return t


def patch(t, **members):
    j = json.loads(t.to_str())
    j["model"].update(members)
    return Tokenizer.from_str(json.dumps(j))


def byte_pieces():
    return [f"<0x{b:02X}>" for b in range(256)]


def spm_bpe(pre, normalizer, unk="<unk>", fuse=True):
    return bpe(pre, normalizer, initial=[SPACE], size=256 + 3 + 260, special=["<unk>", "<s>", "</s>"] + byte_pieces(), unk_token=unk, fuse_unk=fuse, byte_fallback=True)


def charsmap():
    """precompiled_charsmap of nmt_nfkc, or of a few of its kind."""
    how = {"normalization_rule_name": "nmt_nfkc"}
    if not NFKC:
        rules = {" ": ["\u00a0", "\u3000", "\t", "\n", "\r", "\u2028"], "A": ["Ａ"], "fi": ["ﬁ"], "ff": ["ﬀ"], "é": ["e\u0301"], "è": ["e\u0300"], "1": ["①", "１"],
                 "2": ["２", "²"], "1⁄4": ["¼"], "株式会社": ["㍿"], "ア": ["ｱ"], "ハ": ["ﾊ"], "": ["\u200b", "\u00ad", "\ufeff"], "a": ["ａ"], "b": ["ｂ"], "ę": ["e\u0328"], "VIII": ["Ⅷ"],
                 "...": ["…"], "Å": ["\u212b", "A\u030a"]}
        open(OUT + "/rules.tsv", "w").write("".join(" ".join(f"{ord(c):X}" for c in a) + "\t" + " ".join(f"{ord(c):X}" for c in b) + "\n"
                                                    for b, many in rules.items() for a in many))
        how = {"normalization_rule_tsv": OUT + "/rules.tsv"}
    m = spm("unigram", vocab_size=120, **how)[0]
    if not NFKC:
        os.remove(OUT + "/rules.tsv")
    return m.normalizer_spec.precompiled_charsmap, how


def spm(kind, **how):
    import io
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(LINES), model_writer=made, model_type=kind, minloglevel=2, character_coverage=0.99, **how)
    m = sentencepiece_model_pb2.ModelProto()
    m.ParseFromString(made.getvalue())
    return m, made.getvalue()


def unigram(normalizer, pre, size=400, byte_fallback=False):
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = normalizer, pre
    special = ["<pad>", "</s>", "<unk>"] + (byte_pieces() if byte_fallback else [])
    t.train_from_iterator(LINES, trainers.UnigramTrainer(vocab_size=size, show_progress=False, unk_token="<unk>", special_tokens=special))
    return patch(t, byte_fallback=True) if byte_fallback else t


def wordpiece(normalizer, **how):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(LINES, trainers.WordPieceTrainer(vocab_size=400, show_progress=False, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    return patch(t, **how) if how else t


NO_GGUF = ("prefix", "clip", "bert-cased", "albert", "unigram-bytes")  # llama.cpp would read them otherwise


def crcs(name, way, ids, f, skip=()):
    print(name, way, *("-" if k in skip else f"{zlib.crc32(struct.pack(f'<{len(i)}I', *i)):08x}" for k, i in enumerate(ids)), sep="\t", file=f)


def unlike(j):
    """Texts that sentencepiece, given this Unigram, encodes in another way than tokenizers; GGUF's kind "t5" is sentencepiece's."""
    import copy
    j = copy.deepcopy(j)
    j["added_tokens"] = []
    t = Tokenizer.from_str(json.dumps(j))
    m = sentencepiece_model_pb2.ModelProto()
    for text, score in j["model"]["vocab"]:
        kind = 2 if text == "<unk>" else 3 if text in ("</s>", "<pad>") else 6 if text.startswith("<0x") else 1
        m.pieces.add(piece=text, score=score, type=kind)
    m.trainer_spec.model_type, m.trainer_spec.byte_fallback, m.trainer_spec.unk_id = 1, j["model"]["byte_fallback"], 2
    m.trainer_spec.eos_id, m.trainer_spec.bos_id, m.trainer_spec.pad_id = 1, -1, 0
    first = j["normalizer"].get("normalizers", [j["normalizer"]])[0]
    m.normalizer_spec.precompiled_charsmap = base64.b64decode(first["precompiled_charsmap"])
    p = sentencepiece.SentencePieceProcessor(model_proto=m.SerializeToString())
    return [k for k, x in enumerate(TEXTS) if p.encode(x) != t.encode(x, add_special_tokens=False).ids]


def main():
    os.makedirs(OUT, exist_ok=True)
    chars, rules = charsmap()
    pre_map = normalizers.Precompiled(chars)
    nfc, meta = normalizers.NFC(), pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always", split=True)
    show = normalizers.Replace(" ", SPACE)
    deepseek = seq(split(r"\p{N}{1,3}"), split("[一-龥\u3040-ゟ゠-ヿ]+"), split(DEEPSEEK3), level(regex=False))
    falcon = seq(pre_tokenizers.Punctuation("contiguous"), level(), pre_tokenizers.Digits(individual_digits=False), split("[0-9][0-9][0-9]"))
    digits = pre_tokenizers.Digits(individual_digits=True)
    clip_norm = normalizers.Sequence([nfc, normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    kinds = {
        "gpt2": bpe(level()), "whisper": bpe(level()), "roberta": bpe(level()), "gpt-neox": bpe(level(), nfc), "prefix": bpe(level(prefix=True)),
        "qwen2": bpe(seq(split(QWEN2), level(regex=False)), nfc),
        "llama3": patch(bpe(seq(split(LLAMA3), level(regex=False))), ignore_merges=True), "olmo2": bpe(seq(split(LLAMA3), level(regex=False))),
        "gpt-oss": patch(bpe(seq(split(O200K), level(regex=False))), ignore_merges=True),
        "tekken": patch(bpe(seq(split(TEKKEN), level(regex=False))), ignore_merges=True),
        "falcon": bpe(falcon), "bloom": bpe(seq(split(BLOOM), level(regex=False))), "starcoder2": bpe(seq(digits, level())), "smollm": bpe(seq(digits, level())),
        "cohere": bpe(seq(digits, level()), nfc), "deepseek-v3": bpe(deepseek),
        "clip": bpe(seq(split(CLIP, "removed", True), level()), clip_norm, unk_token="<|endoftext|>", end_of_word_suffix="</w>", special=["<|startoftext|>", "<|endoftext|>"],
                    initial=list(pre_tokenizers.ByteLevel.alphabet()), size=560),
        "few-bytes": bpe(level(), initial=[chr(c) for c in range(33, 127)]), # a byte without a piece leaves nothing
        "phi3": spm_bpe(None, normalizers.Sequence([normalizers.Prepend(SPACE), show])),
        "gemma": spm_bpe(pre_tokenizers.Split(" ", "merged_with_previous"), show),
        "mistral": spm_bpe(pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="first", split=False), None),
        "bert": wordpiece(normalizers.BertNormalizer()), "bert-cased": wordpiece(normalizers.BertNormalizer(lowercase=False, strip_accents=False), max_input_chars_per_word=20),
        "t5": unigram(normalizers.Sequence([pre_map, normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), " ")]),
                      seq(pre_tokenizers.WhitespaceSplit(), meta)),
        "xlm-r": unigram(pre_map, seq(pre_tokenizers.WhitespaceSplit(), meta)), "unigram-bytes": unigram(pre_map, meta, size=700, byte_fallback=True),
        "albert": unigram(normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), pre_map]),
                          meta),
    }
    with open(OUT + "/texts.txt", "w") as f:
        f.writelines(t.encode().hex() + "\n" for t in TEXTS)
    with open(OUT + "/ids.tsv", "w") as f:
        for name, t in kinds.items():
            if name == "bert" or name == "bert-cased":
                t.post_processor = processors.BertProcessing(("[SEP]", t.token_to_id("[SEP]")), ("[CLS]", t.token_to_id("[CLS]")))
            j = json.loads(t.to_str())
            j["added_tokens"] = [a for a in j["added_tokens"] if not a["content"].startswith("<0x")] # training adds its special tokens
            t = Tokenizer.from_str(json.dumps(j))
            t.add_special_tokens([a for a in ADDED if a.special])
            t.add_tokens([a for a in ADDED if not a.special])
            if name == "gpt-neox":
                t.add_tokens([AddedToken(" " * n, normalized=True) for n in (2, 3, 4, 8)])
            if name == "gemma":
                t.add_tokens([AddedToken(c * n, normalized=False) for c in "\n\t" for n in (1, 2, 3)])
            j = json.loads(t.to_str())
            open(f"{OUT}/{name}.json", "w").write(json.dumps(j, ensure_ascii=False, separators=(",", ":")))
            for a in j["added_tokens"]:
                a.update(lstrip=False, rstrip=False, single_word=False, normalized=False)
            bare = Tokenizer.from_str(json.dumps(j)) # what GGUF can say
            skip = []
            if name == "mistral": # llama.cpp puts a space before what begins with one, and after a token, too
                bare.normalizer = normalizers.Sequence(([bare.normalizer] if bare.normalizer else []) + [normalizers.Prepend(SPACE), show])
                bare.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="never", split=False)
            if j["model"]["type"] == "Unigram" and name not in NO_GGUF:
                skip = unlike(j)
                print(name, len(skip), "texts that tokenizers and sentencepiece themselves read differently, left out of the rows of GGUF:", skip)
            for way, of in (("plain", t), ("special", t), ("gguf", bare), ("gguf-special", bare)):
                if name in NO_GGUF and way == "gguf":
                    print(name, "refused", "", sep="\t", file=f)
                    break
                of.encode_special_tokens = not way.endswith("special")
                crcs(name, way, [of.encode(x, add_special_tokens=False).ids for x in TEXTS], f, skip if way.startswith("gguf") else [])
        for name, kind, how in (("sp-unigram", "unigram", dict(vocab_size=400, **rules)), ("sp-unigram-bytes", "unigram", dict(vocab_size=620, byte_fallback=True, normalization_rule_name="identity",
                                 user_defined_symbols=["<tok>", "the"])), ("sp-bpe", "bpe", dict(vocab_size=500, byte_fallback=True, normalization_rule_name="identity")),
                                ("sp-bpe-map", "bpe", dict(vocab_size=300, **rules))):
            if "normalization_rule_tsv" in how:
                charsmap_rules = charsmap  # the file of rules is needed again
                how = dict(how); how.pop("normalization_rule_tsv")
                how["normalization_rule_name"] = "identity"
            m, raw = spm(kind, **how)
            if "map" in name or name == "sp-unigram":
                m.normalizer_spec.precompiled_charsmap = chars
                raw = m.SerializeToString()
            m.trainer_spec.ClearField("input")
            open(f"{OUT}/{name}.model", "wb").write(raw)
            p = sentencepiece.SentencePieceProcessor(model_proto=raw)
            ids = [p.encode(x) for x in TEXTS]
            crcs(name, "plain", ids, f)
            if name == "sp-unigram" or name == "sp-bpe":
                crcs(name, "gguf", ids, f)
            else:
                print(name, "refused", "", sep="\t", file=f)


if __name__ == "__main__":
    main()
