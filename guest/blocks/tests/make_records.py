"""Makes records.json: tables, and what scikit-learn and pandas make of them. Its cases
look like those of cases.json, of make.py.

    python3 -m venv /tmp/blocks-venv
    /tmp/blocks-venv/bin/pip install -r requirements.txt
    /tmp/blocks-venv/bin/python make_records.py

Answers are computed in double precision and rounded once, as the block does it.
"""

import csv
import io
import json
import math
import pathlib

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (FunctionTransformer, OneHotEncoder, OrdinalEncoder,
                                   StandardScaler)

HERE = pathlib.Path(__file__).parent
NAMES = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "int64": "INT64",
         "int32": "INT32", "uint8": "UINT8", "bool": "BOOL"}
DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}
CASES = []


def number(value):
    if value.dtype.kind != "f":
        return value.item()
    return float(str(value)) if np.isfinite(value) else str(value)


def tensor(name, array, spec=None):
    texts = array.dtype.kind in "UO"
    return {
        "name": name, "datatype": "BYTES" if texts else NAMES[array.dtype.name],
        "shape": list(array.shape), "spec": spec or [-1] + list(array.shape[1:]),
        "data": [str(item) if texts else number(item) for item in array.ravel()]}


def texts(name, items):
    return {"name": name, "datatype": "BYTES", "shape": [len(items)], "spec": [-1], "data": items}


def as_columns(columns, table):
    """A missing number is NaN, a missing text is empty."""
    made = []
    for column in columns:
        values = [row[column["name"]] for row in table]
        datatype = DATATYPES.get(column["type"], "BYTES")
        if datatype == "FP64":
            values = ["nan" if value is None else value for value in values]
        if datatype == "BYTES":
            values = ["" if value is None else value for value in values]
        if None in values:
            return None
        made.append({"name": column["name"], "datatype": datatype, "shape": [len(table)],
                     "spec": [-1], "data": values})
    return made


def as_json(columns, table):
    """What is missing is null in one row, and left out of the next."""
    lines = []
    for place, row in enumerate(table):
        keep = {name: value for name, value in row.items() if place % 2 or value is not None}
        order = sorted(keep, reverse=place % 3 == 0)
        lines.append(json.dumps({name: keep[name] for name in order}, ensure_ascii=place % 4 < 2))
    return [texts("records", lines)]


def as_csv(columns, table):
    """Quotes around all, or where they are needed."""
    lines = []
    for place, row in enumerate(table):
        file = io.StringIO()
        quoting = csv.QUOTE_ALL if place % 2 else csv.QUOTE_MINIMAL
        end = ["", "\n", "\r\n"][place % 3]
        csv.writer(file, quoting=quoting, lineterminator=end).writerow(
            [row[column["name"]] for column in columns])
        lines.append(file.getvalue())
    return [texts("lines", lines)]


def case(name, columns, table, expected, block=None):
    """In each format in which the table can be written."""
    for form, make in (("columns", as_columns), ("json", as_json), ("csv", as_csv)):
        tensors = make(columns, table)
        if tensors is None:
            continue
        block_of = {"block": "records", "format": form, "columns": columns, **(block or {})}
        if form == "csv":
            block_of["input"] = "lines"
        CASES.append({"name": f"{name} {form}", "side": "before", "block": block_of, "inputs": [],
                      "tensors": tensors, "expected": expected, "doubtful": []})


# People: everything that scikit-learn has for columns.

CITIES = ["Aix, en Provence", "Łódź", "\"Quoted\"", "Oslo"]
rng = np.random.default_rng(11)


def people(count, missing_wholes):
    def maybe(value, share=0.25):
        return None if rng.random() < share else value

    table = []
    for _ in range(count):
        table.append({
            "age": maybe(round(float(rng.normal(45, 40)), 2)),
            "income": maybe(round(float(rng.lognormal(9, 1)), 2), 0.4),
            "visits": maybe(int(rng.integers(0, 2000)), 0.25 * missing_wholes),
            "smoker": maybe(bool(rng.integers(0, 2)), 0.25 * missing_wholes),
            "sex": maybe(["female", "male", "other"][rng.integers(0, 3)]),
            "city": maybe((CITIES + ["Paris", "oslo"])[rng.integers(0, 6)]),
            "grade": maybe(["low", "mid", "high"][rng.integers(0, 3)]),
        })
    return table


def transformer():
    def clip(low, high):
        return FunctionTransformer(lambda x: np.clip(x, low, high))

    return ColumnTransformer([
        ("age", make_pipeline(SimpleImputer(strategy="constant", fill_value=38.0),
                              clip(0, 90), StandardScaler()), ["age"]),
        ("income", StandardScaler(), ["income"]),
        ("visits", make_pipeline(SimpleImputer(strategy="constant", fill_value=3),
                                 clip(1, 1000)), ["visits"]),
        ("smoker", SimpleImputer(strategy="constant", fill_value=1.0), ["smoker"]),
        ("sex", make_pipeline(
            SimpleImputer(missing_values=None, strategy="constant", fill_value="male"),
            OrdinalEncoder(categories=[["female", "male"]], handle_unknown="use_encoded_value",
                           unknown_value=-1)), ["sex"]),
        ("city", make_pipeline(
            SimpleImputer(missing_values=None, strategy="constant", fill_value="Oslo"),
            OneHotEncoder(categories=[CITIES], handle_unknown="ignore", sparse_output=False)),
         ["city"]),
        ("grade", OrdinalEncoder(categories=[["low", "mid", "high", math.nan]],
                                 encoded_missing_value=math.nan), ["grade"]),
    ])


def frame(table):
    made = pd.DataFrame(table, dtype=object)
    for name in ("age", "income", "visits", "smoker"):
        made[name] = made[name].astype(float)
    for name in ("sex", "city"):
        made[name] = made[name].where(made[name].notna(), None)
    # To this encoder a category that is NaN is one that is missing.
    made["grade"] = made["grade"].where(made["grade"].notna(), np.nan)
    return made


fitted = transformer().fit(frame(people(300, True)))
age = fitted.named_transformers_["age"][-1]
income = fitted.named_transformers_["income"]
PEOPLE = [
    {"name": "age", "type": "number", "unit": "years", "default": 38.0, "clip": [0, 90],
     "mean": age.mean_[0], "std": age.scale_[0]},
    {"name": "income", "type": "number", "nullable": True, "mean": income.mean_[0],
     "std": income.scale_[0]},
    {"name": "visits", "type": "integer", "default": 3, "clip": [1, 1000]},
    {"name": "smoker", "type": "boolean", "default": True},
    {"name": "sex", "type": "category", "categories": ["female", "male"], "unknown": -1,
     "default": "male"},
    {"name": "city", "type": "category", "categories": CITIES, "one_hot": True,
     "unknown": "zeros", "default": "Oslo"},
    {"name": "grade", "type": "category", "categories": ["low", "mid", "high"], "nullable": True},
]
for missing_wholes in (False, True):
    table = people(12, missing_wholes)
    exact = fitted.transform(frame(table)).astype(np.float64)
    for dtype in (np.float16, np.float32, np.float64):
        case(f"people {NAMES[np.dtype(dtype).name]}", PEOPLE, table,
             [tensor("X", exact.astype(dtype))], {"output": "X"})

# The parts of a row are inputs of their own.
parts = {"numbers": exact[:, :2].astype(np.float32), "visits_in": exact[:, 2].astype(np.int32),
         "smoker_in": exact[:, 3:4].astype(bool), "sex_in": exact[:, 4:5].astype(np.int64),
         "city_in": exact[:, 5:9].astype(np.uint8)}
places = ["numbers", "numbers", "visits_in", "smoker_in", "sex_in", "city_in"]
case("people in parts",
     [{**column, "output": place} for column, place in zip(PEOPLE, places)],
     [{name: row[name] for name in row if name != "grade"} for row in table],
     [tensor(name, part) for name, part in parts.items()])

# Dates.

DATES = ["2020-01-01", "2024-02-29", "2023-02-28", "1999-12-31T23:59:59Z", "2000-02-29T12:30:15Z",
         "2024-03-10T01:30:00-05:00", "2024-10-27T02:30:00+02:00", "2024-02-28T23:30:00-08:00",
         "2025-01-01T00:15:00+05:45", "1969-12-31T23:59:59.250Z", "1900-03-01",
         "2100-02-28T22:00:00.123456-03:30", "2016-02-29T00:00:00+14:00", None]
FILL = "2021-06-15T08:45:30+01:00"
stamps = pd.to_datetime(pd.Series(DATES).fillna(FILL), utc=True, format="ISO8601")
SINCE = "2019-12-31T18:00:00-06:00"
passed = stamps - pd.Timestamp(SINCE)
units = {"seconds": "1s", "minutes": "1min", "hours": "1h", "days": "1D"}
date = {"type": "date", "default": FILL}
dates = [{**date, "name": f"in {per}", "since": SINCE, "per": per} for per in units]
answers = [passed / pd.Timedelta(unit) for unit in units.values()]
whole = [passed // pd.Timedelta(unit) for unit in units.values()]
for part in ("year", "month", "day", "weekday", "hour", "minute"):
    dates.append({**date, "name": part, "part": part})
    numbers = getattr(stamps.dt, {"weekday": "day_of_week"}.get(part, part))
    answers.append(numbers)
    whole.append(numbers)
rows = [{column["name"]: day for column in dates} for day in DATES]
case("dates FP64", dates, rows, [tensor("X", np.stack(answers, 1).astype(np.float64))])
case("dates INT64", dates, rows, [tensor("X", np.stack(whole, 1).astype(np.int64))])
scaled = [{**dates[3], "clip": [0, 1800], "mean": 900, "std": 365.25}]
case("dates scaled", scaled, [{"in days": day} for day in DATES],
     [tensor("X", ((answers[3].clip(0, 1800) - 900) / 365.25).to_numpy().astype(np.float32))])
case("dates of a single one", scaled, [{"in days": "2024-02-29"}],
     [tensor("X", np.float32([[(1520 - 900) / 365.25]]))])

# Texts that stay texts.

words = [{"name": "word", "type": "category", "default": ""}]
case("texts", words, [{"word": word} for word in CITIES + [None]],
     [tensor("X", np.array(CITIES + [""], dtype=object))])
known = [*words, {"name": "sex", "type": "category", "categories": ["female", "male"],
                  "unknown": "none", "default": "male"}]
case("texts of categories", known,
     [{"word": "a", "sex": sex} for sex in ("male", "x", "female", None)],
     [tensor("X", np.array([["a", sex] for sex in ("male", "none", "female", "male")], object))])

with open(HERE / "records.json", "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in CASES) + "\n]\n")
