"""Makes awkward.csv, and reference.json: what pandas, Python's datetime and Pillow make
of the same things as this crate.

    python3 -m venv /tmp/contract-venv
    /tmp/contract-venv/bin/pip install -r requirements.txt
    /tmp/contract-venv/bin/python make.py
"""

import csv
import datetime
import io
import json
import pathlib
import random
import re

import pandas as pd
from PIL import Image

HERE = pathlib.Path(__file__).parent
PICTURES = HERE / "../../picture/tests/pictures"
NULLS = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "?"]
ROWS = 120
chance = random.Random(5)


def some(values, nulls=(), share=0.0):
    pick = lambda: chance.choice(nulls) if chance.random() < share else str(chance.choice(values))
    return [pick() for _ in range(ROWS)]


COLUMNS = {
    "whole": some(range(-40, 90)),
    "whole with nulls": some(range(3, 900), ["", "NA", "?"], 0.2),
    "signed": some(["+5", "-3", "12", "0", "-0"]),
    "huge": some(["9223372036854775807", "-9223372036854775808", "1"]),
    "larger than that": some(["9223372036854775808", "1", "2"]),
    "fractions": [f"{chance.gauss(0, 1):.5f}" for _ in range(ROWS)],
    "fractions with nulls": some([0.1, 0.25, 1e-7, 3e20, 2.5], ["NaN", "nan", "null", " N/A "], 0.3),
    "exponents": some(["1e3", "2.5E-2", "-.5", "5."]),
    "blanks around": some([" 1", "2 ", "\t3"]),
    "infinite": some(["1.5", "inf", "-inf", "Infinity"]),
    "words": some(["true", "False", "TRUE"]),
    "words with nulls": some(["true", "false"], ["None", ""], 0.1),
    "yes and no": some(["yes", "no"]),
    "islands": some(["Dream", "Biscoe", "Torgersen"], ["", "NA"], 0.05),
    "none is a word": some(["none", "low", "high"]),
    "names": [f"Ms. {chance.randrange(10**9)}" for _ in range(ROWS)],
    "commas, quotes": some(['a, "b"', "c\nd", "ü"]),
    "days": [str(datetime.date(2020, 1, 1) + datetime.timedelta(days=3 * day)) for day in range(ROWS)],
    "times": some(["2024-02-29T12:00:00Z", "2024-02-29T12:00:00+05:30", "1999-12-31T23:59:59.25Z"]),
    "one is no date": ["2020-01-01"] * (ROWS - 1) + ["2020-02-30"],
    "one is no number": ["7"] * (ROWS - 1) + ["seven"],
    "nothing": some([""], ["NA"], 0.5),
    "thousands": some(["1,000", "2,500"]),
    "hexadecimal": some(["0x10", "0xFF"]),
    "underscores": some(["1_000", "2_000"]),
    # Here the crate means something else: see `differs`.
    "bits": some([0, 1]),
    "codes": some(["007", "012", "100"]),
    "whole with a point": some(["1.0", "2.0", "5.0"]),
}
DIFFERS = {
    "bits": "boolean",
    "codes": "category",
    "whole with a point": "number",
}


def kind(name, column):
    """By pandas' own reading of the column."""
    if name in DIFFERS:
        return DIFFERS[name]
    # Words for booleans are read by the parser only where there is nothing missing.
    file = io.StringIO("\n".join(["x", *column.dropna()]))
    plain = all(re.fullmatch(r"[^,\"\n]*", value) for value in column.dropna())
    dtype = pd.read_csv(file, keep_default_na=False)["x"].dtype if plain and len(column.dropna()) else None
    if dtype is not None and pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if dtype is not None and pd.api.types.is_signed_integer_dtype(dtype):
        return "integer"
    if dtype is not None and pd.api.types.is_numeric_dtype(dtype):
        return "number"
    values = column.dropna()
    if len(values) == 0:
        return "text"
    try:
        pd.to_datetime(values, format="ISO8601", utc=True)
        return "date"
    except ValueError:
        return "category" if 10 * values.nunique() <= len(values) else "text"


def described(name):
    stripped = pd.Series([value.strip() for value in COLUMNS[name]], dtype="object")
    column = stripped.where(~stripped.isin(NULLS), None)
    found = {"name": name, "nulls": int(column.isna().sum()), "distinct": int(column.nunique())}
    found["type"] = kind(name, column)
    if found["type"] in ("integer", "number"):
        numbers = pd.to_numeric(column.dropna())
        finite = numbers[numbers.abs() != float("inf")]
        middle = finite.sort_values().iloc[(len(finite) - 1) // 2]
        whole = found["type"] == "integer"
        found["least"], found["most"] = float(finite.min()), float(finite.max())
        found["median"] = int(middle) if whole else float(finite.astype("float64").median())
    if found["type"] in ("text", "category", "date") and column.notna().any():
        lengths = column.dropna().str.len()
        found["lengths"] = [int(lengths.min()), int(lengths.max())]
    if found["type"] == "category":
        found["categories"] = sorted(column.dropna().unique())
        found["modes"] = list(column.mode())
    return found


def seconds(text):
    """RFC 3339 by its grammar, then by Python's calendar, in microseconds."""
    day = r"\d{4}-\d\d-\d\d"
    if re.fullmatch(day, text, re.ASCII):
        text += "T00:00:00Z"
    if not re.fullmatch(day + r"[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)", text, re.ASCII):
        return None
    try:
        date = datetime.datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return (date - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)


DATES = [
    "1970-01-01", "2024-02-29", "2023-02-29", "2100-02-29", "2000-02-29", "1582-10-10",
    "2024-12-31T23:59:59.999999Z", "2024-01-01t00:00:00z", "2024-01-01 00:00:00+00:00",
    "2024-01-01T00:00:00-00:00", "2024-03-10T02:30:00-08:00", "2024-01-01T00:00:00+23:59",
    "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+01:60", "2024-01-01T24:00:01Z",
    "2024-01-01T12:60:00Z", "2024-01-01T12:00:61Z", "2024-01-01T12:00Z", "2024-01-01T12:00:00",
    "2024-01-01T12:00:00.Z", "2024-01-01T12:00:00.5", "2024-01-01T12:00:00.123456+01:00",
    "2024-1-1", "20240101", "2024-W01-1", "2024-001", "01/02/2024", "2024-13-01", "2024-00-01",
    "2024-01-00", "2024-04-31", "0001-01-01", "9999-12-31", "", "today", "2024-01-01Z",
    "2024-01-01T12:00:00 Z", " 2024-01-01", "2024-01-01 ", "-2024-01-01", "12024-01-01",
]

with (HERE / "awkward.csv").open("w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(zip(*COLUMNS.values(), strict=True))


def size(path):
    with Image.open(path) as picture:
        return list(picture.size)


pictures = {path.name: size(path) for path in sorted(PICTURES.glob("*.*g"))}
lines = lambda found: "[\n    " + ",\n    ".join(map(json.dumps, found)) + "\n  ]"
parts = {
    "columns": lines([described(name) for name in COLUMNS]),
    "dates": lines([[text, seconds(text)] for text in DATES]),
    "pictures": json.dumps(pictures),
}
body = ",\n".join(f'  "{key}": {value}' for key, value in parts.items())
(HERE / "reference.json").write_text("{\n" + body + "\n}\n")
