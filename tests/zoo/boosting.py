"""Boosted trees of XGBoost, LightGBM and CatBoost. The first two are exported with onnxmltools."""

import zoo  # first: it sets the number of threads

import tempfile
from pathlib import Path

import catboost
import lightgbm
import numpy as np
import onnx
import onnxmltools
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl import binary, named, references
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType as SklearnFloat
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from zoo import Sample, breast, diabetes, entry, holes, iris, wine

# The latest that onnxmltools converts to.
BOOSTING_OPSET = 15


def with_holes(data):
    def holed():
        values, target, asked = data()
        return holes(values), target, holes(asked, salt=3)

    return holed


def categories():
    """Two columns of categories' codes before three of numbers; two classes."""
    draw = zoo.rng(60)

    def rows(count):
        codes = draw.integers(0, 12, (count, 2))
        return np.concatenate([codes, draw.normal(size=(count, 3)).round(3)], axis=1)

    values, asked = rows(800), rows(zoo.POOL)
    chance = (
        np.isin(values[:, 0], [1, 4, 5, 9]) + 0.8 * np.isin(values[:, 1], [0, 7]) + values[:, 2]
    )
    target = (chance + 0.3 * draw.normal(size=800) > 0.6).astype(np.int64)
    return values.astype(np.float32), target, asked.astype(np.float32)


def register(name, what, data, build, convert, note="", refused=False, **options):
    @entry(name, what, refused, note)
    def run():
        values, target, asked = data()
        model = build().fit(values, target)
        types = [("input", FloatTensorType([None, values.shape[1]]))]
        exported = convert(model, initial_types=types, **options)
        return Sample(exported, {"input": asked}, answers(model, exported, asked))


def answers(model, exported, asked):
    found = {}
    for output in exported.graph.output:
        ask = model.predict_proba if "prob" in output.name else model.predict
        found[output.name] = ask(asked)
    return found


# XGBoost.


def xgb(kind, **parameters):
    defaults = {"n_estimators": 30, "max_depth": 4, "n_jobs": 1, "random_state": 0}
    return lambda: getattr(xgboost, f"XGB{kind}")(**{**defaults, **parameters})


def from_xgboost(model, **options):
    # Without a name, the graph gets a random one.
    return onnxmltools.convert_xgboost(model, "xgboost", target_opset=BOOSTING_OPSET, **options)


register("xgboost_binary", "XGBClassifier, two classes", breast, xgb("Classifier"), from_xgboost)
register("xgboost_multi", "XGBClassifier, three classes", wine, xgb("Classifier"), from_xgboost)
register("xgboost_regressor", "XGBRegressor", diabetes, xgb("Regressor"), from_xgboost)
register(
    "xgboost_nan",
    "XGBClassifier, missing values",
    with_holes(breast),
    xgb("Classifier"),
    from_xgboost,
)
register(
    "xgboost_regressor_nan",
    "XGBRegressor, missing values",
    with_holes(diabetes),
    xgb("Regressor", n_estimators=50),
    from_xgboost,
)
register(
    "xgboost_poisson",
    "XGBRegressor, count:poisson",
    diabetes,
    xgb("Regressor", objective="count:poisson"),
    from_xgboost,
)
register(
    "xgboost_logistic",
    "XGBRegressor, reg:logistic",
    binary(wine),
    xgb("Regressor", objective="reg:logistic"),
    from_xgboost,
    note="onnxmltools leaves out the logistic function at the end.",
)
register(
    "xgboost_tweedie",
    "XGBRegressor, reg:tweedie",
    diabetes,
    xgb("Regressor", objective="reg:tweedie"),
    from_xgboost,
)
register(
    "xgboost_dart",
    "XGBClassifier, dart",
    breast,
    xgb("Classifier", booster="dart", rate_drop=0.1, n_estimators=15),
    from_xgboost,
    refused=True,
)
register(
    "xgboost_linear",
    "XGBRegressor, gblinear",
    diabetes,
    xgb("Regressor", booster="gblinear"),
    from_xgboost,
    refused=True,
)
register("xgboost_forest", "XGBRFClassifier", breast, xgb("RFClassifier"), from_xgboost)
register(
    "xgboost_shallow",
    "XGBClassifier, shallow trees",
    iris,
    xgb("Classifier", max_depth=2, learning_rate=0.3),
    from_xgboost,
)


@entry("xgboost_categorical", "XGBClassifier, enable_categorical=True")
def xgboost_categorical():
    values, target, asked = categories()
    model = xgb("Classifier", feature_types=["c", "c", "q", "q", "q"], enable_categorical=True)()
    model.fit(values, target)
    exported = from_xgboost(model, initial_types=[("input", FloatTensorType([None, 5]))])
    return Sample(exported, {"input": asked}, answers(model, exported, asked))


@entry("xgboost_pipeline", "StandardScaler and XGBClassifier in one pipeline, by skl2onnx")
def xgboost_pipeline():
    update_registered_converter(
        xgboost.XGBClassifier,
        "XGBoostXGBClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )
    values, target, asked = wine()
    pipeline = make_pipeline(StandardScaler(), xgb("Classifier")()).fit(values, target)
    model = convert_sklearn(
        pipeline,
        "pipeline",
        [("input", SklearnFloat([None, values.shape[1]]))],
        target_opset={"": BOOSTING_OPSET, "ai.onnx.ml": 3},
    )
    return Sample(model, {"input": asked}, references(pipeline, model, asked))


# LightGBM.


def lgbm(kind, **parameters):
    defaults = {"n_estimators": 30, "num_leaves": 15, "n_jobs": 1, "random_state": 0}
    defaults |= {"verbose": -1, "deterministic": True, "force_row_wise": True}
    return lambda: getattr(lightgbm, f"LGBM{kind}")(**{**defaults, **parameters})


def from_lightgbm(model, **options):
    return onnxmltools.convert_lightgbm(model, "lightgbm", target_opset=BOOSTING_OPSET, **options)


register(
    "lightgbm_binary", "LGBMClassifier, two classes", breast, lgbm("Classifier"), from_lightgbm
)
register(
    "lightgbm_array",
    "the same, zipmap=False",
    breast,
    lgbm("Classifier"),
    from_lightgbm,
    zipmap=False,
)
register("lightgbm_multi", "LGBMClassifier, three classes", wine, lgbm("Classifier"), from_lightgbm)
register(
    "lightgbm_strings",
    "LGBMClassifier, strings as classes",
    named(wine, "barbera", "barolo", "grignolino"),
    lgbm("Classifier"),
    from_lightgbm,
)
register("lightgbm_regressor", "LGBMRegressor", diabetes, lgbm("Regressor"), from_lightgbm)
register(
    "lightgbm_nan",
    "LGBMClassifier, missing values",
    with_holes(breast),
    lgbm("Classifier"),
    from_lightgbm,
)
register(
    "lightgbm_regressor_nan",
    "LGBMRegressor, missing values",
    with_holes(diabetes),
    lgbm("Regressor"),
    from_lightgbm,
)
register(
    "lightgbm_poisson",
    "LGBMRegressor, Poisson",
    diabetes,
    lgbm("Regressor", objective="poisson"),
    from_lightgbm,
)
register(
    "lightgbm_zero_missing",
    "LGBMClassifier, zeros are missing",
    with_holes(wine),
    lgbm("Classifier", zero_as_missing=True),
    from_lightgbm,
)
register(
    "lightgbm_forest",
    "LGBMClassifier, random forest",
    breast,
    lgbm("Classifier", boosting_type="rf", bagging_freq=1, bagging_fraction=0.7),
    from_lightgbm,
    note="onnxmltools adds up the trees, LightGBM takes their mean.",
)
register(
    "lightgbm_split",
    "LGBMRegressor, split=10: sums of ten trees each",
    diabetes,
    lgbm("Regressor"),
    from_lightgbm,
    split=10,
)


@entry("lightgbm_categorical", "LGBMClassifier, categorical_feature")
def lightgbm_categorical():
    values, target, asked = categories()
    model = lgbm("Classifier", min_data_per_group=10, cat_smooth=1)()
    model.fit(values, target, categorical_feature=[0, 1])
    exported = from_lightgbm(model, initial_types=[("input", FloatTensorType([None, 5]))])
    return Sample(exported, {"input": asked}, answers(model, exported, asked))


# CatBoost: its own exporter.


def cat(kind, **parameters):
    defaults = {"iterations": 40, "depth": 4, "thread_count": 1, "random_seed": 0}
    defaults |= {"verbose": False, "allow_writing_files": False}
    return lambda: getattr(catboost, f"CatBoost{kind}")(**{**defaults, **parameters})


def from_catboost(name, what, data, build, note="", refused=False):
    @entry(name, what, refused, note)
    def run():
        values, target, asked = data()
        model = build().fit(values, target)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            model.save_model(str(path), format="onnx")
            exported = onnx.load(path)
        for prop in [*exported.metadata_props]:
            if prop.key in ("model_guid", "train_finish_time"):  # differ each time
                exported.metadata_props.remove(prop)
        return Sample(exported, {"features": asked}, answers(model, exported, asked))


from_catboost("catboost_binary", "CatBoostClassifier, two classes", breast, cat("Classifier"))
from_catboost("catboost_multi", "CatBoostClassifier, three classes", wine, cat("Classifier"))
from_catboost(
    "catboost_strings",
    "CatBoostClassifier, strings as classes",
    named(iris, "setosa", "versicolor", "virginica"),
    cat("Classifier", iterations=20),
)
from_catboost("catboost_regressor", "CatBoostRegressor", diabetes, cat("Regressor"))
from_catboost(
    "catboost_nan", "CatBoostClassifier, missing values", with_holes(breast), cat("Classifier")
)
from_catboost(
    "catboost_regressor_nan",
    "CatBoostRegressor, missing values",
    with_holes(diabetes),
    cat("Regressor"),
)
from_catboost(
    "catboost_depthwise",
    "CatBoostRegressor, trees that are not symmetric",
    diabetes,
    cat("Regressor", grow_policy="Depthwise"),
    refused=True,
)
