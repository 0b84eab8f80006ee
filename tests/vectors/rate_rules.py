#!/usr/bin/env python3
"""The values of rules, in plain Python from the definitions in weir-methods(7): prints rate_rules.tsv.

With --lines: reads what dscore -m rules --preset all --lines wrote and compares every value and the reasons' order.
"""
import json
import math
import re
import string
import sys
import unicodedata
from collections import Counter

STOP = "the be to of and that have with".split()
DATATROVE_SIGNS = set(map(chr, [*range(0, 9), *range(11, 32), *range(127, 160)])) | set(
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～")
POLICY = ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"]
# Of the marks that end a sentence only those that the texts below have.
TERMINAL = ".!?。！？"


def over(a, b):
    return a / b if b else 0.0


def grams(words, n):
    return [tuple(words[i:i + n]) for i in range(len(words) - n + 1)]


def repeated(items):
    seen, again = set(), []
    for x in items:
        if x in seen:
            again.append(x)
        seen.add(x)
    return len(again), sum(map(len, again))


def size(words):
    return sum(map(len, words))


def top(words, n):
    best = Counter(grams(words, n)).most_common(1)
    return best[0] if best else ((), 0)


def greedy(words, n):
    met, i, total = set(), 0, 0
    while i + n <= len(words):
        g = "".join(words[i:i + n])
        if g in met:
            total += len(g)
            i += n
        else:
            met.add(g)
            i += 1
    return total


def gopher(t, out):
    words = t.split()
    real = [w for w in words if not all(c in DATATROVE_SIGNS or c in TERMINAL for c in w)]
    lines = [x.strip() for x in t.splitlines()]
    out["words"] = len(real)
    out["mean_word_length"] = over(size(real), len(real))
    out["hash_ratio"] = over(t.count("#"), len(words))
    out["ellipsis_ratio"] = over(t.count("...") + t.count("…"), len(words))
    out["bullet_lines"] = over(sum(x[:1] in ("•", "-") and x != "" for x in lines), len(lines))
    out["ellipsis_lines"] = over(sum(x.endswith(("...", "…")) for x in lines), len(lines))
    out["alpha_words"] = over(sum(any(map(str.isalpha, w)) for w in words), len(words))
    out["stop_words"] = len(set(STOP) & set(words))


def repetition(t, out):
    words = t.split()
    out["chars"] = len(t)
    for kind, parts in (("para", re.split("\n\n+", t.strip())), ("line", re.split("\n+", t))):
        n, chars = repeated(parts)
        out["dup_%s_frac" % kind] = over(n, len(parts))
        out["dup_%s_char_frac" % kind] = over(chars, len(t))
    for n in (2, 3, 4):
        g, count = top(words, n)
        out["top_%d_gram" % n] = over(len(" ".join(g)) * count, len(t))
    for n in range(5, 11):
        out["duplicated_%d_n_grams" % n] = over(greedy(words, n), len(t))


def c4(t, out):
    for k in ("lines", "kept_lines", "long_word_lines", "unended_lines", "few_word_lines", "javascript_lines", "policy_lines",
              "lorem_ipsum", "curly_bracket", "sentences"):
        out[k] = 0
    for line in t.splitlines():
        out["lines"] += 1
        line = line.strip()
        words = line.split()
        line = re.sub(r"\[(\d*|edit|citation needed)\]", "", line)
        low = line.lower()
        if any(len(w) > 1000 for w in words):
            out["long_word_lines"] += 1
        elif line[-1:] not in list(".?!\"'") or line.endswith("..."):
            out["unended_lines"] += 1
        elif len(words) < 3:
            out["few_word_lines"] += 1
        else:
            out["lorem_ipsum"] |= "lorem ipsum" in low
            if "javascript" in low:
                out["javascript_lines"] += 1
                continue
            out["curly_bracket"] |= "{" in line
            if any(p in low for p in POLICY):
                out["policy_lines"] += 1
            else:
                out["kept_lines"] += 1
                out["sentences"] += sentences(line)
    out["third_line"] = ([0, 0, 0] + sorted(map(len, t.split("\n"))))[-3]


def sentences(line):
    return len([s for s in re.sub(r"([.?!][.?!\"')\]]*)(\s|$)", "\\1\n", line).split("\n") if s.strip()])


def fineweb(t, out):
    lines = [x for x in t.split("\n") if x.strip()]
    out["lines"] = len(lines)
    out["line_punct_ratio"] = over(sum(x[-1] in TERMINAL for x in lines), len(lines))
    out["short_line_ratio"] = over(sum(len(x) <= 30 for x in lines), len(lines))
    out["char_dup_ratio"] = over(repeated(lines)[1], len(t) - t.count("\n"))
    out["list_ratio"] = over(t.count("\n"), len(t.split()))


def dolma(t, out):
    words = t.split()
    lengths = sorted(map(len, words))
    n = len(lengths)
    out["character_count"] = len(t)
    out["word_count"] = n
    out["median_word_length"] = (lengths[(n - 1) // 2] + lengths[n // 2]) / 2 if n else 0
    out["symbol_to_word_ratio"] = over(sum("#" in w or "…" in w for w in words), n)
    out["fraction_of_words_with_alpha_character"] = over(sum(any(map(str.isalpha, w)) for w in words), n)
    out["required_word_count"] = sum(w in STOP for w in words)
    for k in (2, 3, 4):
        g, count = top(words, k)
        out["fraction_of_characters_in_most_common_%dgrams" % k] = over(count * size(g), size(words))
    for k in range(5, 11):
        c = Counter(grams(words, k))
        out["fraction_of_characters_in_duplicate_%dgrams" % k] = over(
            sum(size(g) * m for g, m in c.items() if m > 1), sum(size(g) * m for g, m in c.items()))
    for pre, lines in (("", t.split("\n")), ("v2_", re.split("\n+", t))):
        c = Counter(lines)
        if not t:
            lines = []
        out[pre + "fraction_of_lines_starting_with_bullet_point"] = over(sum(x[:1] in ("*", "-") and x != "" for x in lines), len(lines))
        out[pre + "fraction_of_lines_ending_with_ellipsis"] = over(sum(x.endswith("…") for x in lines), len(lines))
        out[pre + "fraction_of_duplicate_lines"] = over(sum(c[x] > 1 for x in lines), len(lines))
        out[pre + "fraction_of_characters_in_duplicate_lines"] = sum(len(x) for x in lines if c[x] > 1) / max(1, size(words))


def redpajama(t, out):
    flat = "".join(c for c in t if c not in string.punctuation).lower().replace("ς", "σ")
    words = unicodedata.normalize("NFD", flat).split()
    raw = re.findall(r"\w+|[^\w\s]+", t)
    lines = t.split("\n")
    lines = [x.strip() for x in (lines if lines[-1] else lines[:-1])]
    counts = Counter(words)
    out["word_count"] = len(words)
    out["mean_word_length"] = over(size(words), len(words))
    out["symbol_to_word_ratio"] = over(t.count("#") + t.count("...") + t.count("…"), len(raw))
    out["frac_lines_end_with_ellipsis"] = over(sum(x.endswith(("...", "…")) for x in lines), len(lines))
    out["frac_no_alph_words"] = 1 - sum(bool(re.search("[a-zA-Z]", w)) for w in raw) / len(raw) if raw else 0
    out["frac_unique_words"] = over(len(counts), len(words))
    out["unigram_entropy"] = sum(-c / len(words) * math.log(c / len(words)) for c in counts.values())
    out["frac_all_caps_words"] = over(sum(map(str.isupper, raw)), len(raw))
    out["num_sentences"] = len(re.findall(r"\b[^.!?]+[.!?]*", t))
    out["lorem_ipsum"] = over(" ".join(words).count("lorem ipsum"), len(" ".join(words)))
    out["curly_bracket"] = over(t.count("{") + t.count("}"), len(t))
    for n in (2, 3, 4):
        g, count = top(words, n)
        out["frac_chars_top_%dgram" % n] = over(size(g) * count, size(words)) if count > 1 else 0
    for n in range(5, 11):
        c = Counter(grams(words, n))
        hit = {j for i, g in enumerate(grams(words, n)) if c[g] > 1 for j in range(i, i + n)}
        out["frac_chars_dupe_%dgrams" % n] = over(sum(len(words[j]) for j in hit), size(words))
    out["lines_ending_with_terminal_punctution_mark"] = over(sum(x.endswith((".", "!", "?", "”")) for x in lines), len(lines))
    out["lines_start_with_bulletpoint"] = over(sum(x != "" and x[0] in "•‣▶◀◦■□▪▫–" for x in lines), len(lines))


def nemo(t, out):
    n, words = len(t), t.split()
    lines = [x for x in t.split("\n") if x.strip()]
    bare = [x.strip() for x in lines]
    paras = t.split("\n\n")
    full = lambda x: x / n if n else 1.0
    uniq = lambda x: len(set(x)) / len(x) if x else 1.0
    ulen = lambda x: size(set(x)) / size(x) if size(x) else 1.0
    out["alpha_numeric"] = full(sum(c not in string.ascii_letters + string.digits + "\n?!,." for c in t))
    marks = {"...", "[...]", "…", "(...)", "[…]", "-»"}
    out["symbol_to_word"] = over(sum(w in marks or len(re.findall("#+", w)) / len(w) > 0.5 for w in words), len(words))
    out["numbers_ratio"] = full(sum(unicodedata.category(c) == "Nd" for c in t))
    out["urls_ratio"] = full(sum(map(len, re.findall(r"https?://[a-z!$-_]+", t))))
    out["white_space"] = full(sum(c in "\t\n\r\b " for c in t))
    out["parentheses_ratio"] = full(sum(c in "{}⟨⟩[]()" for c in t))
    policy = POLICY + ["privacy overview", "privacy & cookies policy", "privacy and cookies policy"]
    lows = [p.lower() for p in paras]
    out["boilerplate_string_ratio"] = 1.0 if any("lorem ipsum" in p for p in lows) else sum(any(x in p for x in policy) for p in lows) / len(lows)
    out["repeated_lines"], out["repeated_paragraphs"] = uniq(lines), uniq(paras)
    out["repeated_lines_char"], out["repeated_paragraphs_char"] = ulen(lines), ulen(paras)
    out["word_count"] = len(words)
    out["punctuation"] = over(sum(x[-1] not in ".?!\"'" for x in bare), len(bare))
    out["words_without_alphabets"] = over(sum(any(map(str.isalpha, w)) for w in words), len(words))
    out["common_english_words"] = sum(w in STOP for w in words)
    out["mean_word_length"] = over(size(words), len(words))
    out["max_word_length"] = max(map(len, words), default=0)
    ends = ("...", "[...]", "…", "(...)", "[…]", "-»", "read more..", "read more")
    out["ellipsis"] = over(sum(x.lower().endswith(ends) for x in bare), len(bare))
    for k in (2, 3, 4):
        g, count = top(words, k)
        out["repeating_top_%dgrams" % k] = t.count(" ".join(g)) * len(" ".join(g)) / n if count else 1.0
    for k in range(5, 11):
        taken, seen, chars = 0, set(), 0  # taken: words of the text up to there are counted
        for i, g in enumerate(grams(words, k)):
            if g in seen:
                new = max(i, taken)
                chars += size(words[new:i + k]) + min(i + k - new, k - 1)
                taken = i + k
            seen.add(g)
        out["repeating_dup_%dgram" % k] = chars / n if len(words) >= k else 1.0
    out["bullet_ratio"] = over(sum(x[0] in "•‣⁃⁌⁍∙○●◘◦⦾⦿" for x in bare), len(bare))


SETS = [gopher, repetition, c4, fineweb, dolma, redpajama, nemo]


def values(t):
    out = {}
    for f in SETS:
        own = {}
        f(t, own)
        out.update(("rules.%s.%s" % (f.__name__, k), float(v)) for k, v in own.items())
    return out


TEXTS = [
    "", " ", "\n", "\n\n", "a", "Hello world.", "Hello world.\n", "   \n \n", "\nabc\n", "\r\n\r\n", "one\rtwo\vthree\r\r\nfour\x85five\u2028",
    "I am your father.\n" * 4, "I am your father.\n\n" * 4, "I am Frank, I am Frank, I am Frank",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness ...",
    "- item one of the list …\n* another item\n• and more ...\n\u2023 x\n" * 3,
    "# # #a## #### # … ... .... ...... [...] (...) -»\n", "see [12] and [edit] or [citation needed].\nIt ends.[3]\nIt is so. Is it? \"Yes!\" he said.\n",
    "Lorem ipsum dolor sit amet.\n\nlorem ipsum again, it is.", "Please enable JavaScript to go on.\nWe use of cookies here now.\n{ code } is here.\n" * 2,
    "Read our Privacy Policy now.\n\nterms of use\n\nThis site uses cookies, doesn't it?\n\nNothing here. read more",
    "日本語のテキストです。これは試験です。\n二行目。\nそうですか？", "ΟΔΟΣ İstanbul ÉCOLE Straße ﬁn ½ ² ١٢٣ é é Ǆ ǅ\n", "1 11 1 1 1 1 11 1 1 1 1 1 1 11 1 1 1 1 1 1 1 1\n" * 2,
    "visit http://a.b/c?d=%20e#f and https://x now, http:// not, https://HTTP://z!~\n(a) [b] {c} ⟨d⟩\n",
    "x" * 1001 + " is long, too.\n" + "y" * 300 + " " + "z" * 300 + " word\n", "the be to of and that have with The BE\tA\u00a0B\u3000C\n" * 7,
    "a b c d e f g h i j k l m\n" * 9 + "tail a b c d e f g h i j k", "\ufeffbom \u200b zero\u200bwidth “quoted.” end”\n»ok« 🙂 🙂 🙂 🙂 🙂 🙂\n", "3.14 is pi. e.g. this... Mr. X!? (Really.) \"So.\" end",
]


def read_lines():
    bad = n = 0
    for line in sys.stdin:
        r = json.loads(line)
        n += 1
        for k, want in values(r["text"]).items():
            got = r["scores"][k]
            if not (got == want or ("redpajama" in k and math.isclose(got, want, rel_tol=1e-12, abs_tol=1e-15))):
                bad += 1
                print("%s: %s is %r, not %r" % (r["id"], k, got, want))
    print("%d texts, %d values differ" % (n, bad))
    sys.exit(bad > 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["--lines"]:
        read_lines()
    print("# made by rate_rules.py: a text as JSON, then its values under the names of the first row")
    print("\t".join(["text", *values("")]))
    for t in TEXTS:
        print("\t".join([json.dumps(t), *(repr(v) for v in values(t).values())]))
