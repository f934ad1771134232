"""Classifiers, regressors, clusters and outlier detectors of scikit-learn."""

import zoo  # first: it sets the number of threads

import numpy as np
import pandas as pd
from skl import binary, double, fitted, named, references, register, retyped
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn import ensemble, gaussian_process, linear_model, naive_bayes, neighbors, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from zoo import OPSET, Sample, breast, diabetes, digits, entry, holes, iris, rng, wine


def scaled(estimator, *before):
    return make_pipeline(StandardScaler(), *before, estimator)


# Mixed columns, one input for each: the pipeline of skl2onnx's tutorial.

NUMERIC, CATEGORICAL = ["age", "fare", "siblings"], ["sex", "embarked", "class"]


def passengers(rows, salt):
    """Columns like those of the Titanic's list, and who survived."""
    draw = rng(salt)
    sex = draw.choice(["female", "male"], rows, p=[0.36, 0.64])
    grade = draw.choice(["1st", "2nd", "3rd"], rows, p=[0.25, 0.2, 0.55])
    age = np.round(np.clip(draw.normal(30, 14, rows), 0.4, 80), 1)
    fare = np.round(np.exp(draw.normal(np.where(grade == "1st", 4, 2.5), 0.7)), 2)
    siblings = draw.choice([0, 1, 2, 3], rows, p=[0.65, 0.25, 0.07, 0.03])
    embarked = draw.choice(["S", "C", "Q"], rows, p=[0.7, 0.2, 0.1])
    logit = 2.6 * (sex == "female") + 1.1 * (grade == "1st") - 0.9 * (grade == "3rd") - 0.03 * age
    survived = draw.random(rows) < 1 / (1 + np.exp(-logit - 0.3 * (embarked == "C")))
    age[draw.random(rows) < 0.2] = np.nan
    numbers = np.stack([age, fare, siblings], axis=1).astype(np.float32)
    frame = pd.DataFrame(numbers, columns=NUMERIC)
    for name, values in zip(CATEGORICAL, [sex, embarked, grade], strict=True):
        frame[name] = values.astype(object)
    return frame, survived.astype(np.int64)


def imputed(*after):
    return make_pipeline(SimpleImputer(strategy="median"), *after)


def mixed(encoder, final, strangers, opset=OPSET, numbers=None, **options):
    """Fits on passengers and exports with an input for each column."""
    numbers = numbers or imputed(StandardScaler())
    columns = ColumnTransformer([("num", numbers, NUMERIC), ("cat", encoder, CATEGORICAL)])
    pipeline = make_pipeline(columns, final)
    frame, survived = passengers(900, 10)
    asked, _ = passengers(zoo.POOL, 11)
    if strangers:  # categories that the training did not see
        asked.loc[asked.index[::17], "embarked"] = "elsewhere"
    pipeline.fit(frame, survived)
    types = [(name, FloatTensorType([None, 1])) for name in NUMERIC]
    types += [(name, StringTensorType([None, 1])) for name in CATEGORICAL]
    model = convert_sklearn(
        pipeline,
        "passengers",
        types,
        target_opset=opset,
        options={id(pipeline): options} if options else None,
    )
    inputs = {name: asked[[name]].to_numpy() for name in asked.columns}
    return Sample(model, inputs, references(pipeline, model, asked))


def one_hot(**parameters):
    return OneHotEncoder(handle_unknown="ignore", **parameters)


@entry("mixed_onehot_logistic", "ColumnTransformer (impute, scale, one-hot), LogisticRegression")
def mixed_onehot_logistic():
    return mixed(one_hot(), linear_model.LogisticRegression(), True)


@entry("mixed_onehot_logistic_array", "the same, zipmap=False, opset that skl2onnx chooses")
def mixed_onehot_logistic_array():
    return mixed(one_hot(), linear_model.LogisticRegression(), True, None, zipmap=False)


@entry("mixed_onehot_logistic_columns", "the same, zipmap='columns', opset 15")
def mixed_onehot_logistic_columns():
    return mixed(one_hot(), linear_model.LogisticRegression(), True, 15, zipmap="columns")


@entry("mixed_onehot_forest", "ColumnTransformer (impute; dense one-hot), RandomForest")
def mixed_onehot_forest():
    forest = ensemble.RandomForestClassifier(30, max_depth=6, random_state=0)
    return mixed(one_hot(sparse_output=False), forest, True, numbers=imputed())


@entry(
    "mixed_ordinal_histgb",
    "ColumnTransformer (numbers as they are, missing ones too; OrdinalEncoder), HistGradientBoosting",
)
def mixed_ordinal_histgb():
    boosted = ensemble.HistGradientBoostingClassifier(max_iter=40, early_stopping=False)
    return mixed(OrdinalEncoder(), boosted, False, numbers="passthrough")


@entry(
    "mixed_ordinal_unknown",
    "ColumnTransformer (impute; OrdinalEncoder, unknown as -1), HistGradientBoosting",
)
def mixed_ordinal_unknown():
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    boosted = ensemble.HistGradientBoostingClassifier(max_iter=40, early_stopping=False)
    return mixed(encoder, boosted, True, numbers=imputed())


# Linear models.

CULTIVARS = named(wine, "barbera", "barolo", "grignolino")
SPECIES = named(iris, "setosa", "versicolor", "virginica")


def logistic(**parameters):
    return linear_model.LogisticRegression(**parameters)


def wine_and_alcohol():
    """Two targets of the wines: cultivar, and whether the alcohol is high."""
    values, target, asked = wine()
    return values[:, 1:], np.stack([target, values[:, 0] > 13], axis=1), asked[:, 1:]


def two_labels():
    """Two labels that may both hold."""
    values, target, asked = wine_and_alcohol()
    return values, np.stack([target[:, 0] == 2, target[:, 1] == 1], axis=1).astype(np.int64), asked


def counts():
    """Regression on positive targets."""
    values, target, asked = diabetes()
    scale = values.std(axis=0)
    return values / scale, target, (asked / scale).round(4)


register(
    "logistic_binary",
    "StandardScaler, LogisticRegression, two classes",
    breast,
    lambda: scaled(logistic()),
)
register(
    "logistic_multinomial", "LogisticRegression, three classes", wine, lambda: scaled(logistic())
)
register(
    "logistic_default_opset",
    "the same, opset that skl2onnx chooses",
    wine,
    lambda: scaled(logistic()),
    opset=None,
)
register(
    "logistic_opset12",
    "the same, opset 12",
    wine,
    lambda: scaled(logistic()),
    opset={"": 12, "ai.onnx.ml": 2},
)
register(
    "logistic_ovr",
    "the same, one against the rest",
    wine,
    lambda: scaled(OneVsRestClassifier(logistic())),
)
register(
    "logistic_string_labels", "the same, strings as classes", CULTIVARS, lambda: scaled(logistic())
)
register(
    "logistic_string_labels_array",
    "the same, zipmap=False",
    CULTIVARS,
    lambda: scaled(logistic()),
    zipmap=False,
)
register(
    "logistic_string_labels_columns",
    "the same, zipmap='columns'",
    CULTIVARS,
    lambda: scaled(logistic()),
    zipmap="columns",
)
register(
    "logistic_double",
    "LogisticRegression, float64 inputs, with ZipMap",
    double(wine),
    lambda: scaled(logistic()),
    refused=True,
)
register(
    "logistic_double_array",
    "the same, float64 inputs, zipmap=False",
    double(wine),
    lambda: scaled(logistic()),
    zipmap=False,
)
register(
    "logistic_raw_scores",
    "the same, raw_scores=True",
    wine,
    lambda: scaled(logistic()),
    raw_scores=True,
)
register(
    "logistic_cv",
    "LogisticRegressionCV",
    iris,
    lambda: linear_model.LogisticRegressionCV(cv=3, Cs=3),
)
register("linear_regression", "LinearRegression", diabetes, linear_model.LinearRegression)
register(
    "linear_regression_double",
    "LinearRegression, float64 inputs",
    double(diabetes),
    linear_model.LinearRegression,
)
register("ridge", "Ridge", diabetes, linear_model.Ridge)
register("ridge_cv", "RidgeCV", diabetes, linear_model.RidgeCV)
register("ridge_classifier", "RidgeClassifier", wine, linear_model.RidgeClassifier)
register("lasso", "Lasso", diabetes, linear_model.Lasso)
register(
    "elastic_net", "ElasticNet", diabetes, lambda: scaled(linear_model.ElasticNet(max_iter=5000))
)
register("bayesian_ridge", "BayesianRidge", diabetes, linear_model.BayesianRidge)
register("huber", "HuberRegressor", diabetes, lambda: scaled(linear_model.HuberRegressor()))
register(
    "quantile", "QuantileRegressor", diabetes, lambda: linear_model.QuantileRegressor(alpha=0.1)
)
register(
    "ransac", "RANSACRegressor", diabetes, lambda: linear_model.RANSACRegressor(random_state=0)
)
register("poisson", "PoissonRegressor", counts, lambda: linear_model.PoissonRegressor(max_iter=500))
register("gamma", "GammaRegressor", counts, lambda: linear_model.GammaRegressor(max_iter=500))
register(
    "tweedie",
    "TweedieRegressor",
    counts,
    lambda: linear_model.TweedieRegressor(power=1.5, max_iter=500),
)
register(
    "sgd_classifier",
    "SGDClassifier, hinge",
    wine,
    lambda: scaled(linear_model.SGDClassifier(random_state=0)),
)
register(
    "sgd_classifier_log",
    "SGDClassifier, log loss",
    wine,
    lambda: scaled(linear_model.SGDClassifier(loss="log_loss", random_state=0)),
)
register(
    "sgd_regressor",
    "SGDRegressor",
    diabetes,
    lambda: scaled(linear_model.SGDRegressor(random_state=0)),
)
register(
    "sgd_one_class",
    "SGDOneClassSVM",
    wine,
    lambda: scaled(linear_model.SGDOneClassSVM(random_state=0)),
)
register(
    "passive_aggressive",
    "PassiveAggressiveClassifier",
    wine,
    lambda: scaled(linear_model.PassiveAggressiveClassifier(random_state=0)),
)
register("perceptron", "Perceptron", wine, lambda: scaled(linear_model.Perceptron(random_state=0)))
register("pls", "PLSRegression", diabetes, PLSRegression)
register("lda", "LinearDiscriminantAnalysis", wine, LinearDiscriminantAnalysis)
register("qda", "QuadraticDiscriminantAnalysis", wine, QuadraticDiscriminantAnalysis)
register(
    "transformed_target",
    "TransformedTargetRegressor",
    diabetes,
    lambda: TransformedTargetRegressor(linear_model.Ridge(), func=np.log, inverse_func=np.exp),
    refused=True,
)

# Support vectors.

register(
    "svc_rbf_probability",
    "SVC, rbf, probability=True",
    wine,
    lambda: scaled(svm.SVC(probability=True, random_state=0)),
)
register(
    "svc_rbf_probability_binary",
    "SVC, rbf, probability=True, two classes",
    breast,
    lambda: scaled(svm.SVC(probability=True, random_state=0)),
)
register("svc_rbf", "SVC, rbf", CULTIVARS, lambda: scaled(svm.SVC()))
register("svc_rbf_binary", "SVC, rbf, two classes", breast, lambda: scaled(svm.SVC()))
register("svc_linear", "SVC, linear", iris, lambda: svm.SVC(kernel="linear"))
register("svc_poly", "SVC, polynomial", iris, lambda: scaled(svm.SVC(kernel="poly")))
register("svc_sigmoid", "SVC, sigmoid", iris, lambda: scaled(svm.SVC(kernel="sigmoid")))
register("nu_svc", "NuSVC", wine, lambda: scaled(svm.NuSVC()))
register(
    "nu_svc_probability",
    "NuSVC, probability=True",
    wine,
    lambda: scaled(svm.NuSVC(probability=True, random_state=0)),
)
register("svr", "SVR, rbf", diabetes, lambda: scaled(svm.SVR(C=50)))
register("svr_linear", "SVR, linear", diabetes, lambda: scaled(svm.SVR(kernel="linear", C=10)))
register("nu_svr", "NuSVR", diabetes, lambda: scaled(svm.NuSVR(C=50)))
register("one_class_svm", "OneClassSVM", wine, lambda: scaled(svm.OneClassSVM(nu=0.2)))
register("linear_svc", "LinearSVC", iris, svm.LinearSVC)
register("linear_svc_binary", "LinearSVC, two classes", binary(iris), svm.LinearSVC)
register(
    "linear_svc_pipeline",
    "LinearSVC at the end of a pipeline",
    wine,
    lambda: scaled(svm.LinearSVC()),
    refused=True,
)
register("linear_svr", "LinearSVR", diabetes, lambda: scaled(svm.LinearSVR(max_iter=20000)))

# Neighbours.

register(
    "knn_classifier", "KNeighborsClassifier", wine, lambda: scaled(neighbors.KNeighborsClassifier())
)
register(
    "knn_classifier_weighted",
    "KNeighborsClassifier, weights by distance",
    wine,
    lambda: scaled(neighbors.KNeighborsClassifier(7, weights="distance")),
    note="skl2onnx drops the weights: all neighbours count the same.",
)
register(
    "knn_classifier_manhattan",
    "KNeighborsClassifier, Manhattan distance",
    wine,
    lambda: scaled(neighbors.KNeighborsClassifier(3, metric="manhattan")),
)
register(
    "knn_regressor",
    "KNeighborsRegressor",
    diabetes,
    lambda: scaled(neighbors.KNeighborsRegressor()),
)
register(
    "radius_regressor",
    "RadiusNeighborsRegressor",
    iris,
    lambda: neighbors.RadiusNeighborsRegressor(2.0),
    refused=True,
)
register(
    "radius_classifier",
    "RadiusNeighborsClassifier",
    iris,
    lambda: neighbors.RadiusNeighborsClassifier(2.0),
    refused=True,
)
register("nearest_centroid", "NearestCentroid", iris, neighbors.NearestCentroid, refused=True)
register(
    "local_outlier_factor",
    "LocalOutlierFactor, novelty=True",
    wine,
    lambda: scaled(neighbors.LocalOutlierFactor(novelty=True)),
)

# Naive Bayes.


register("gaussian_nb", "GaussianNB", wine, naive_bayes.GaussianNB)
register("multinomial_nb", "MultinomialNB", digits, naive_bayes.MultinomialNB)
register("bernoulli_nb", "BernoulliNB", digits, lambda: naive_bayes.BernoulliNB(binarize=7.5))
register("complement_nb", "ComplementNB", digits, naive_bayes.ComplementNB)
register(
    "categorical_nb",
    "CategoricalNB, integers as inputs",
    retyped(digits, np.int64),
    lambda: naive_bayes.CategoricalNB(min_categories=17),
)

# Gaussian processes.


def kernel():
    return ConstantKernel(1.0) * RBF(3.0) + WhiteKernel(0.1)


def process():
    return scaled(
        gaussian_process.GaussianProcessRegressor(kernel(), optimizer=None, normalize_y=True)
    )


def fewer(data, rows=120):
    """The first rows only: these models keep all of them."""

    def first():
        values, target, asked = data()
        chosen = rng(4).permutation(len(values))[:rows]
        return values[chosen], target[chosen], asked

    return first


register(
    "gp_regressor", "GaussianProcessRegressor, float64 inputs", double(fewer(diabetes)), process
)
register(
    "gp_classifier",
    "GaussianProcessClassifier, float64 inputs",
    double(binary(fewer(wine))),
    lambda: scaled(gaussian_process.GaussianProcessClassifier(1.0 * RBF(3.0), optimizer=None)),
    refused=True,
    zipmap=False,
)


@entry("gp_regressor_std", "GaussianProcessRegressor, return_std=True, float64 inputs")
def gp_regressor_std():
    values, target, asked = double(fewer(diabetes))()
    scaler = StandardScaler().fit(values)
    values, asked = scaler.transform(values), scaler.transform(asked).round(3)
    # A target without scale: the exporter does not undo normalize_y in the deviation.
    target = (target - target.mean()) / target.std()
    model = gaussian_process.GaussianProcessRegressor(kernel(), optimizer=None)
    sample = fitted(model, values, target, asked, return_std=True)
    mean, deviation = model.predict(asked, return_std=True)
    sample.reference = {"GPmean": mean, "GPcovstd": deviation}
    return sample


# Trees.


def forest(**parameters):
    return ensemble.RandomForestClassifier(random_state=0, **parameters)


def boosted(**parameters):
    return ensemble.HistGradientBoostingClassifier(early_stopping=False, **parameters)


def with_holes(data):
    """The same data with missing values."""

    def holed():
        values, target, asked = data()
        return holes(values), target, holes(asked, salt=3)

    return holed


def two_targets():
    """Regression on two targets: the progression and the age."""
    values, target, asked = diabetes()
    return values[:, 1:], np.stack([target, values[:, 0]], axis=1), asked[:, 1:]


register(
    "decision_tree",
    "DecisionTreeClassifier",
    wine,
    lambda: tree.DecisionTreeClassifier(random_state=0),
)
register(
    "decision_tree_path",
    "the same, decision_path=True, decision_leaf=True",
    iris,
    lambda: tree.DecisionTreeClassifier(max_depth=3, random_state=0),
    zipmap=False,
    decision_leaf=True,
    decision_path=True,
)
register(
    "decision_tree_regressor",
    "DecisionTreeRegressor",
    diabetes,
    lambda: tree.DecisionTreeRegressor(max_depth=6, random_state=0),
)
register(
    "decision_tree_two_targets",
    "DecisionTreeRegressor, two targets",
    two_targets,
    lambda: tree.DecisionTreeRegressor(max_depth=6, random_state=0),
)
register(
    "decision_tree_two_labels_maps",
    "DecisionTreeClassifier, two targets, with ZipMap",
    two_labels,
    lambda: tree.DecisionTreeClassifier(max_depth=4, random_state=0),
    refused=True,
)
register("forest_breast_cancer", "RandomForestClassifier, 100 trees", breast, forest)
register(
    "forest_array",
    "RandomForestClassifier, ten classes, zipmap=False",
    digits,
    lambda: forest(n_estimators=10, max_depth=7),
    zipmap=False,
)
register(
    "forest_string_labels",
    "RandomForestClassifier, strings as classes",
    SPECIES,
    lambda: forest(n_estimators=30),
)
register(
    "forest_double",
    "RandomForestClassifier, float64 inputs, ai.onnx.ml 3",
    double(wine),
    lambda: forest(n_estimators=30),
    opset={"": OPSET, "ai.onnx.ml": 3},
)
register(
    "forest_regressor",
    "RandomForestRegressor, 50 trees",
    diabetes,
    lambda: ensemble.RandomForestRegressor(50, max_depth=6, random_state=0),
)
register(
    "forest_regressor_double",
    "RandomForestRegressor (or any regressor of trees), float64 inputs",
    double(diabetes),
    lambda: ensemble.RandomForestRegressor(20, max_depth=6, random_state=0),
    opset={"": OPSET, "ai.onnx.ml": 3},
    refused=True,
)
register(
    "forest_two_targets",
    "RandomForestRegressor, two targets",
    two_targets,
    lambda: ensemble.RandomForestRegressor(20, max_depth=5, random_state=0),
)
register(
    "extra_trees",
    "ExtraTreesClassifier",
    wine,
    lambda: ensemble.ExtraTreesClassifier(20, random_state=0),
)
register(
    "extra_trees_regressor",
    "ExtraTreesRegressor",
    diabetes,
    lambda: ensemble.ExtraTreesRegressor(20, max_depth=6, random_state=0),
)
register(
    "ada_boost",
    "AdaBoostClassifier",
    wine,
    lambda: ensemble.AdaBoostClassifier(n_estimators=20, random_state=0),
)
register(
    "ada_boost_binary",
    "AdaBoostClassifier, two classes",
    breast,
    lambda: ensemble.AdaBoostClassifier(n_estimators=30, random_state=0),
)
register(
    "ada_boost_regressor",
    "AdaBoostRegressor",
    diabetes,
    lambda: ensemble.AdaBoostRegressor(n_estimators=15, random_state=0),
)
register(
    "bagging",
    "BaggingClassifier",
    wine,
    lambda: ensemble.BaggingClassifier(n_estimators=10, random_state=0),
)
register(
    "bagging_logistic",
    "BaggingClassifier of LogisticRegression, part of the features",
    iris,
    lambda: ensemble.BaggingClassifier(
        logistic(), n_estimators=5, max_features=0.7, random_state=0
    ),
)
register(
    "bagging_regressor",
    "BaggingRegressor",
    diabetes,
    lambda: ensemble.BaggingRegressor(
        tree.DecisionTreeRegressor(max_depth=5), n_estimators=10, random_state=0
    ),
)
register(
    "gradient_boosting",
    "GradientBoostingClassifier, three classes",
    wine,
    lambda: ensemble.GradientBoostingClassifier(n_estimators=30, random_state=0),
)
register(
    "gradient_boosting_binary",
    "GradientBoostingClassifier, two classes",
    breast,
    lambda: ensemble.GradientBoostingClassifier(n_estimators=60, random_state=0),
)
register(
    "gradient_boosting_regressor",
    "GradientBoostingRegressor",
    diabetes,
    lambda: ensemble.GradientBoostingRegressor(n_estimators=60, random_state=0),
)
register(
    "hist_gb_nan",
    "HistGradientBoostingClassifier, missing values",
    with_holes(breast),
    lambda: boosted(max_iter=40),
)
register(
    "hist_gb_multi",
    "HistGradientBoostingClassifier, three classes",
    wine,
    lambda: boosted(max_iter=30),
)
register(
    "hist_gb_regressor_nan",
    "HistGradientBoostingRegressor, missing values",
    with_holes(diabetes),
    lambda: ensemble.HistGradientBoostingRegressor(max_iter=60, early_stopping=False),
)
register(
    "hist_gb_poisson",
    "HistGradientBoostingRegressor, Poisson loss",
    counts,
    lambda: ensemble.HistGradientBoostingRegressor(
        loss="poisson", max_iter=30, early_stopping=False
    ),
    note="skl2onnx leaves out the exponential at the end.",
)
register(
    "forest_nan",
    "RandomForestClassifier, missing values",
    with_holes(wine),
    lambda: forest(n_estimators=30),
    note="skl2onnx always sends missing values to the right.",
)
register(
    "isolation_forest",
    "IsolationForest",
    wine,
    lambda: ensemble.IsolationForest(n_estimators=20, random_state=0),
    opset={"": OPSET, "ai.onnx.ml": 3},
)
register(
    "trees_embedding",
    "RandomTreesEmbedding, LogisticRegression",
    wine,
    lambda: make_pipeline(
        ensemble.RandomTreesEmbedding(10, max_depth=3, random_state=0), logistic()
    ),
    refused=True,
)

# Ensembles of different models.


def voters():
    return [
        ("logistic", scaled(logistic())),
        ("forest", forest(n_estimators=15, max_depth=4)),
        ("bayes", naive_bayes.GaussianNB()),
    ]


def regressors():
    return [
        ("ridge", linear_model.Ridge()),
        ("tree", tree.DecisionTreeRegressor(max_depth=4, random_state=0)),
        ("nearest", scaled(neighbors.KNeighborsRegressor(10))),
    ]


register(
    "voting_default",
    "VotingClassifier with flatten_transform=True, its default",
    wine,
    lambda: ensemble.VotingClassifier(voters()),
    refused=True,
)
register(
    "voting_soft",
    "VotingClassifier, soft",
    wine,
    lambda: ensemble.VotingClassifier(voters(), voting="soft", flatten_transform=False),
)
register(
    "voting_hard",
    "VotingClassifier, hard",
    wine,
    lambda: ensemble.VotingClassifier(voters(), flatten_transform=False),
)
register(
    "voting_weights",
    "VotingClassifier, soft, with weights, strings as classes",
    CULTIVARS,
    lambda: ensemble.VotingClassifier(
        voters(), voting="soft", weights=np.array([2, 1, 1]), flatten_transform=False
    ),
)
register(
    "voting_regressor", "VotingRegressor", diabetes, lambda: ensemble.VotingRegressor(regressors())
)
register(
    "stacking",
    "StackingClassifier",
    wine,
    lambda: ensemble.StackingClassifier(voters(), logistic(max_iter=1000), cv=3),
)
register(
    "stacking_passthrough",
    "StackingClassifier, passthrough=True, two classes",
    breast,
    lambda: ensemble.StackingClassifier(voters(), scaled(logistic()), cv=3, passthrough=True),
)
register(
    "stacking_regressor",
    "StackingRegressor",
    diabetes,
    lambda: ensemble.StackingRegressor(regressors(), cv=3),
)
register(
    "calibrated_sigmoid",
    "CalibratedClassifierCV of LinearSVC, sigmoid",
    wine,
    lambda: scaled(CalibratedClassifierCV(svm.LinearSVC(), cv=3)),
)
register(
    "calibrated_sigmoid_forest",
    "CalibratedClassifierCV of RandomForest, sigmoid, two classes",
    breast,
    lambda: CalibratedClassifierCV(forest(n_estimators=10, max_depth=5), cv=3),
)
register(
    "calibrated_isotonic",
    "CalibratedClassifierCV of GaussianNB, isotonic",
    wine,
    lambda: CalibratedClassifierCV(naive_bayes.GaussianNB(), method="isotonic", cv=3),
    note="skl2onnx takes the nearest point of the isotonic curve, scikit-learn interpolates.",
)
register(
    "calibrated_isotonic_forest",
    "CalibratedClassifierCV of RandomForest, isotonic, two classes",
    breast,
    lambda: CalibratedClassifierCV(forest(n_estimators=10, max_depth=5), method="isotonic", cv=3),
    note="skl2onnx takes the nearest point of the isotonic curve, scikit-learn interpolates.",
)
register(
    "calibrated_temperature",
    "CalibratedClassifierCV of LogisticRegression, temperature",
    wine,
    lambda: scaled(CalibratedClassifierCV(logistic(), method="temperature", cv=3)),
    refused=True,
)

# Several classes or targets by models of two classes.

register(
    "one_vs_rest",
    "OneVsRestClassifier of LinearSVC",
    wine,
    lambda: scaled(OneVsRestClassifier(svm.LinearSVC())),
    note="skl2onnx makes probabilities of the scores that scikit-learn gives.",
)
register(
    "one_vs_rest_forest",
    "OneVsRestClassifier of RandomForest, strings as classes",
    SPECIES,
    lambda: OneVsRestClassifier(forest(n_estimators=10, max_depth=4)),
)
register(
    "one_vs_one",
    "OneVsOneClassifier of LogisticRegression",
    wine,
    lambda: scaled(OneVsOneClassifier(logistic())),
)
register(
    "output_code",
    "OutputCodeClassifier",
    wine,
    lambda: scaled(OutputCodeClassifier(logistic(), random_state=0)),
    refused=True,
)
register(
    "classifier_chain",
    "ClassifierChain",
    two_labels,
    lambda: scaled(ClassifierChain(logistic(), random_state=0)),
    refused=True,
)
register(
    "multi_output",
    "MultiOutputClassifier of LogisticRegression",
    two_labels,
    lambda: scaled(MultiOutputClassifier(logistic())),
)
register(
    "multi_output_pipelines",
    "MultiOutputClassifier of pipelines",
    two_labels,
    lambda: MultiOutputClassifier(scaled(logistic())),
    refused=True,
)
register(
    "multi_output_regressor",
    "MultiOutputRegressor of GradientBoosting",
    two_targets,
    lambda: MultiOutputRegressor(
        ensemble.GradientBoostingRegressor(n_estimators=20, random_state=0)
    ),
)
register(
    "one_vs_rest_labels",
    "OneVsRestClassifier, several labels at once",
    two_labels,
    lambda: scaled(OneVsRestClassifier(logistic())),
)


# Small networks of scikit-learn.

register(
    "mlp_classifier",
    "MLPClassifier",
    digits,
    lambda: scaled(MLPClassifier((32,), max_iter=60, random_state=0)),
)
register(
    "mlp_classifier_binary",
    "MLPClassifier, tanh, two classes",
    breast,
    lambda: scaled(MLPClassifier((16, 8), "tanh", max_iter=200, random_state=0)),
)
register(
    "mlp_regressor",
    "MLPRegressor",
    diabetes,
    lambda: scaled(MLPRegressor(hidden_layer_sizes=(32, 16), max_iter=400, random_state=0)),
)
register(
    "mlp_multi_label",
    "MLPClassifier, several labels at once, zipmap=False",
    two_labels,
    lambda: scaled(MLPClassifier((16,), "logistic", max_iter=300, random_state=0)),
    zipmap=False,
    note="skl2onnx adds the complements of the probabilities.",
)
register(
    "mlp_multi_label_maps",
    "MLPClassifier, several labels at once, with ZipMap",
    two_labels,
    lambda: scaled(MLPClassifier((16,), "logistic", max_iter=9, random_state=0)),
    refused=True,
)

# Clusters, densities and what goes before them.

register("kmeans", "KMeans", wine, lambda: scaled(KMeans(3, random_state=0, n_init=2)))
register(
    "mini_batch_kmeans",
    "MiniBatchKMeans",
    iris,
    lambda: MiniBatchKMeans(3, random_state=0, n_init=2),
)
register(
    "gaussian_mixture",
    "GaussianMixture, full covariances",
    iris,
    lambda: GaussianMixture(3, random_state=0),
)
register(
    "gaussian_mixture_tied",
    "GaussianMixture, tied covariances",
    iris,
    lambda: GaussianMixture(3, covariance_type="tied", random_state=0),
)
register(
    "gaussian_mixture_diag",
    "GaussianMixture, diagonal covariances",
    iris,
    lambda: GaussianMixture(3, covariance_type="diag", random_state=0),
)
register(
    "bayesian_mixture",
    "BayesianGaussianMixture",
    iris,
    lambda: BayesianGaussianMixture(n_components=3, random_state=0),
)
register(
    "pca_logistic",
    "StandardScaler, PCA, LogisticRegression",
    digits,
    lambda: scaled(logistic(), PCA(16)),
)
register(
    "select_svc",
    "StandardScaler, SelectKBest, SVC",
    breast,
    lambda: scaled(svm.SVC(), SelectKBest(k=8)),
)
