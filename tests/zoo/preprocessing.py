"""Transformers of scikit-learn, alone: what they make of the data is the answer."""

import zoo  # first: it sets the number of threads

import numpy as np
from skl import double, register
from sklearn import decomposition, feature_selection, kernel_approximation, preprocessing
from sklearn.cluster import FeatureAgglomeration
from sklearn.compose import ColumnTransformer
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection
from zoo import digits, holes, iris, wine


def with_holes(data):
    def holed():
        values, target, asked = data()
        return holes(values), target, holes(asked, salt=3)

    return holed


def colours():
    """Columns of strings."""
    draw = zoo.rng(20)
    words = np.array(["red", "green", "blue", "", "dunkelgrün", "赤"], dtype=object)
    sizes = np.array(["S", "M", "L", "XL"], dtype=object)

    def rows(count):
        return np.stack([draw.choice(words, count), draw.choice(sizes, count)], axis=1)

    return rows(300), None, rows(zoo.POOL)


def codes():
    """Columns of integers that stand for categories."""
    draw = zoo.rng(21)
    return draw.integers(0, 6, (300, 3)), None, draw.integers(0, 6, (zoo.POOL, 3))


register("standard_scaler", "StandardScaler", wine, StandardScaler)
register("standard_scaler_double", "StandardScaler, float64 inputs", double(wine), StandardScaler)
register(
    "min_max_scaler", "MinMaxScaler, clip=True", wine, lambda: preprocessing.MinMaxScaler(clip=True)
)
register("max_abs_scaler", "MaxAbsScaler", wine, preprocessing.MaxAbsScaler)
register("robust_scaler", "RobustScaler", wine, preprocessing.RobustScaler)
register("normalizer", "Normalizer, l2", iris, preprocessing.Normalizer)
register("normalizer_l1", "Normalizer, l1", iris, lambda: preprocessing.Normalizer("l1"))
register("normalizer_max", "Normalizer, max", iris, lambda: preprocessing.Normalizer("max"))
register("binarizer", "Binarizer", iris, lambda: preprocessing.Binarizer(threshold=2.755))
register(
    "polynomial_features",
    "PolynomialFeatures, degree 3",
    iris,
    lambda: preprocessing.PolynomialFeatures(3),
)
register("spline", "SplineTransformer", iris, preprocessing.SplineTransformer, refused=True)
register(
    "k_bins_onehot",
    "KBinsDiscretizer, one-hot, dense",
    iris,
    lambda: preprocessing.KBinsDiscretizer(
        5, encode="onehot-dense", quantile_method="averaged_inverted_cdf"
    ),
)
register(
    "k_bins_onehot_sparse",
    "KBinsDiscretizer, one-hot, sparse (its default)",
    iris,
    lambda: preprocessing.KBinsDiscretizer(5),
    refused=True,
)
register(
    "k_bins_ordinal",
    "KBinsDiscretizer, ordinal, uniform",
    iris,
    lambda: preprocessing.KBinsDiscretizer(4, encode="ordinal", strategy="uniform"),
)
register(
    "quantile_transformer",
    "QuantileTransformer, uniform",
    iris,
    lambda: preprocessing.QuantileTransformer(n_quantiles=20),
)
register(
    "quantile_transformer_normal",
    "QuantileTransformer, normal",
    iris,
    lambda: preprocessing.QuantileTransformer(n_quantiles=20, output_distribution="normal"),
    refused=True,
)
register("power_yeo_johnson", "PowerTransformer, Yeo-Johnson", wine, preprocessing.PowerTransformer)
register(
    "power_box_cox",
    "PowerTransformer, Box-Cox",
    iris,
    lambda: preprocessing.PowerTransformer("box-cox"),
)
register(
    "function_identity",
    "FunctionTransformer without a function",
    iris,
    preprocessing.FunctionTransformer,
)
register(
    "function_log",
    "FunctionTransformer, log1p",
    iris,
    lambda: preprocessing.FunctionTransformer(np.log1p),
    refused=True,
)
register(
    "one_hot_strings",
    "OneHotEncoder, strings as input",
    colours,
    lambda: preprocessing.OneHotEncoder(handle_unknown="ignore"),
)
register(
    "one_hot_drop",
    "OneHotEncoder, drop='first', integers as input",
    codes,
    lambda: preprocessing.OneHotEncoder(drop="first"),
)
register(
    "one_hot_infrequent",
    "OneHotEncoder, min_frequency",
    colours,
    lambda: preprocessing.OneHotEncoder(min_frequency=60),
    refused=True,
)
register(
    "ordinal_strings", "OrdinalEncoder, strings as input", colours, preprocessing.OrdinalEncoder
)
register(
    "ordinal_integers", "OrdinalEncoder, integers as input", codes, preprocessing.OrdinalEncoder
)
register("imputer_mean", "SimpleImputer, mean", with_holes(wine), SimpleImputer)
register(
    "imputer_indicator",
    "SimpleImputer, add_indicator=True",
    with_holes(wine),
    lambda: SimpleImputer(add_indicator=True),
    note="skl2onnx leaves out the indicators.",
)
register(
    "imputer_strings",
    "SimpleImputer of empty strings, most frequent",
    colours,
    lambda: SimpleImputer(missing_values="", strategy="most_frequent"),
)
register(
    "imputer_knn",
    "KNNImputer",
    with_holes(wine),
    lambda: make_pipeline(StandardScaler(), KNNImputer()),
)
register(
    "missing_indicator",
    "MissingIndicator",
    with_holes(iris),
    lambda: MissingIndicator(features="all"),
    refused=True,
)
register("select_k_best", "SelectKBest", wine, lambda: feature_selection.SelectKBest(k=5))
register(
    "select_percentile_variance",
    "VarianceThreshold, SelectPercentile",
    wine,
    lambda: make_pipeline(
        feature_selection.VarianceThreshold(0.1), feature_selection.SelectPercentile(percentile=50)
    ),
)
register("pca", "PCA", wine, lambda: make_pipeline(StandardScaler(), decomposition.PCA(4)))
register(
    "pca_whiten",
    "PCA, whiten=True",
    wine,
    lambda: make_pipeline(StandardScaler(), decomposition.PCA(4, whiten=True)),
)
register("incremental_pca", "IncrementalPCA", digits, lambda: decomposition.IncrementalPCA(8))
register(
    "kernel_pca",
    "KernelPCA, rbf",
    iris,
    lambda: decomposition.KernelPCA(3, kernel="rbf", gamma=0.1),
)
register(
    "truncated_svd", "TruncatedSVD", digits, lambda: decomposition.TruncatedSVD(8, random_state=0)
)
register(
    "fast_ica", "FastICA", wine, lambda: decomposition.FastICA(4, random_state=0), refused=True
)
register(
    "nystroem",
    "Nystroem",
    iris,
    lambda: kernel_approximation.Nystroem(n_components=20, random_state=0),
    refused=True,
)
register(
    "random_projection",
    "GaussianRandomProjection",
    digits,
    lambda: GaussianRandomProjection(8, random_state=0),
)
register(
    "feature_agglomeration",
    "FeatureAgglomeration",
    digits,
    lambda: FeatureAgglomeration(8),
    refused=True,
)
register(
    "union",
    "FeatureUnion of PCA and SelectKBest",
    wine,
    lambda: make_union(decomposition.PCA(2), feature_selection.SelectKBest(k=3)),
)
register(
    "columns_passthrough",
    "ColumnTransformer by column number, remainder='passthrough'",
    wine,
    lambda: ColumnTransformer(
        [("scale", StandardScaler(), [0, 3, 5]), ("none", "drop", [1, 2])], remainder="passthrough"
    ),
)
register("scaler_integers", "StandardScaler, integers as input", codes, StandardScaler)
register(
    "polynomial_interactions",
    "MinMaxScaler, PolynomialFeatures, interactions only",
    iris,
    lambda: make_pipeline(
        preprocessing.MinMaxScaler(),
        preprocessing.PolynomialFeatures(2, interaction_only=True, include_bias=False),
    ),
)
