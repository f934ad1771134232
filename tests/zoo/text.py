"""Pipelines of scikit-learn that start from strings."""

import zoo  # first: it sets the number of threads

import numpy as np
from skl import references
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelBinarizer, LabelEncoder
from zoo import OPSET, Sample, entry

# Sentences about three topics, made of words that overlap a little.
TOPICS = {
    "sport": "team match goal player season coach league score win fans",
    "cooking": "oven butter salt recipe onion bake sugar dough taste season",
    "space": "orbit rocket moon planet launch crew star engine score telescope",
}
FILLER = "the a and of with for in to very new good long last first it was is on at".split()


def sentences(rows, salt):
    """Sentences and their topics' numbers."""
    draw = zoo.rng(salt)
    names = list(TOPICS)
    topics = draw.integers(0, len(names), rows)
    made = []
    for topic in topics:
        count = draw.integers(4, 13)
        own = TOPICS[names[topic]].split()
        other = TOPICS[names[draw.integers(0, len(names))]].split()
        pools = [own, other, FILLER]
        words = [draw.choice(pools[draw.choice(3, p=[0.35, 0.15, 0.5])]) for _ in range(count)]
        text = " ".join(words)
        text = text[0].upper() + text[1:] + draw.choice([".", "!", "?", ", 42", ""])
        made.append(text)
    return np.array(made, dtype=object), topics


def piped(pipeline, strings=False, flat=False, **options):
    """Fits on sentences and exports with one string for each row."""
    texts, topics = sentences(600, 30)
    asked, _ = sentences(zoo.POOL, 31)
    target = np.array(list(TOPICS), dtype=object)[topics] if strings else topics
    pipeline.fit(texts, target)
    model = convert_sklearn(
        pipeline,
        "sentences",
        [("text", StringTensorType([None] if flat else [None, 1]))],
        target_opset=OPSET,
        options={id(pipeline): options} if options else None,
    )
    inputs = {"text": asked if flat else asked[:, None]}
    return Sample(model, inputs, references(pipeline, model, asked))


def logistic():
    return LogisticRegression(C=10)


@entry("text_tfidf", "TfidfVectorizer of words, LogisticRegression")
def text_tfidf():
    return piped(make_pipeline(TfidfVectorizer(), logistic()))


@entry(
    "text_tfidf_strings",
    "TfidfVectorizer of words, LogisticRegression, strings as classes, zipmap=False",
)
def text_tfidf_strings():
    return piped(
        make_pipeline(TfidfVectorizer(stop_words="english"), logistic()), True, zipmap=False
    )


@entry(
    "text_tfidf_bigrams",
    "TfidfVectorizer, words and pairs, sublinear_tf, LogisticRegression",
    note="skl2onnx keeps words of one letter, scikit-learn drops them before it makes pairs.",
)
def text_tfidf_bigrams():
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=3)
    return piped(make_pipeline(vectorizer, logistic()))


@entry("text_tfidf_flat", "TfidfVectorizer of words, input without a second axis")
def text_tfidf_flat():
    return piped(make_pipeline(TfidfVectorizer(), logistic()), flat=True)


@entry("text_tfidf_tokens", "TfidfVectorizer with a token_pattern of its own, norm l1, no idf")
def text_tfidf_tokens():
    vectorizer = TfidfVectorizer(token_pattern="[a-zA-Z]+", norm="l1", use_idf=False)
    return piped(make_pipeline(vectorizer, logistic()))


@entry(
    "text_tfidf_cased",
    "TfidfVectorizer, lowercase=False, max_features, TruncatedSVD, LogisticRegression",
)
def text_tfidf_cased():
    vectorizer = TfidfVectorizer(lowercase=False, max_features=30)
    return piped(make_pipeline(vectorizer, TruncatedSVD(8, random_state=0), logistic()))


@entry("text_tfidf_only", "TfidfVectorizer alone")
def text_tfidf_only():
    return piped(TfidfVectorizer())


@entry("text_count_bayes", "CountVectorizer of words, MultinomialNB")
def text_count_bayes():
    return piped(make_pipeline(CountVectorizer(), MultinomialNB()))


@entry("text_char_bayes", "CountVectorizer, n-grams of characters, MultinomialNB")
def text_char_bayes():
    vectorizer = CountVectorizer(analyzer="char", ngram_range=(1, 3), min_df=20)
    return piped(make_pipeline(vectorizer, MultinomialNB()))


@entry("text_char_wb", "CountVectorizer, n-grams of characters within words", refused=True)
def text_char_wb():
    return piped(
        make_pipeline(CountVectorizer(analyzer="char_wb", ngram_range=(2, 3)), MultinomialNB())
    )


@entry("text_accents", "TfidfVectorizer, strip_accents='unicode'", refused=True)
def text_accents():
    return piped(make_pipeline(TfidfVectorizer(strip_accents="unicode"), logistic()))


@entry("text_hashing", "HashingVectorizer, LogisticRegression", refused=True)
def text_hashing():
    return piped(make_pipeline(HashingVectorizer(n_features=256), logistic()))


@entry("text_columns", "ColumnTransformer: TfidfVectorizer of two columns, a number as it is")
def text_columns():
    import pandas as pd

    def frame(rows, salt):
        title, topics = sentences(rows, salt)
        body, _ = sentences(rows, salt + 1)
        length = zoo.rng(salt).normal(topics, 1).round(2).astype(np.float32)
        return pd.DataFrame({"title": title, "body": body, "length": length}), topics

    table, topics = frame(500, 40)
    asked, _ = frame(zoo.POOL, 50)
    columns = ColumnTransformer(
        [("title", TfidfVectorizer(), "title"), ("body", CountVectorizer(min_df=5), "body")],
        remainder="passthrough",
    )
    pipeline = make_pipeline(columns, logistic()).fit(table, topics)
    types = [(name, StringTensorType([None, 1])) for name in ("title", "body")]
    types.append(("length", FloatTensorType([None, 1])))
    model = convert_sklearn(pipeline, "columns", types, target_opset=OPSET)
    inputs = {name: asked[[name]].to_numpy() for name in asked.columns}
    return Sample(model, inputs, references(pipeline, model, asked))


@entry("feature_hasher", "FeatureHasher of strings")
def feature_hasher():
    draw = zoo.rng(33)
    words = np.array([f"{word}-{k}" for word in FILLER for k in range(5)], dtype=object)
    asked = draw.choice(words, (zoo.POOL, 3))
    hasher = FeatureHasher(16, input_type="string").fit(asked)
    types = [("words", StringTensorType([None, 3]))]
    model = convert_sklearn(hasher, "words", types, target_opset=OPSET)
    return Sample(model, {"words": asked}, {"variable": hasher.transform(asked).toarray()})


@entry("dict_vectorizer", "DictVectorizer: its input is a map", refused=True)
def dict_vectorizer():
    from skl2onnx.common.data_types import DictionaryType

    rows = [{"a": 1.0, "b": 2.0}, {"b": 3.0, "c": 1.0}]
    vectorizer = DictVectorizer(sparse=False).fit(rows)
    types = [("X", DictionaryType(StringTensorType([1]), FloatTensorType([1])))]
    convert_sklearn(vectorizer, "maps", types, target_opset=OPSET)
    raise ValueError("it can be exported, but the protocol has no maps to feed it")


def labelled(encoder):
    words = np.array(list(TOPICS), dtype=object)
    asked = zoo.rng(34).choice(words, zoo.POOL)
    encoder.fit(words)
    model = convert_sklearn(
        encoder, "labels", [("label", StringTensorType([None]))], target_opset=OPSET
    )
    return Sample(model, {"label": asked}, {"variable": encoder.transform(asked)})


@entry("label_encoder", "LabelEncoder of strings")
def label_encoder():
    return labelled(LabelEncoder())


@entry("label_binarizer", "LabelBinarizer of strings")
def label_binarizer():
    return labelled(LabelBinarizer())
