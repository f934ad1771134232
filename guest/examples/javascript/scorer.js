// When to overhaul a fan: how likely its bearing fails within 30 days, from what
// a sensor gateway has at hand, by boosted stumps. A guest in JavaScript against
// the same contract as any other, outpost:model/inference in wit/model.wit.

import stdout from "wasi:cli/stdout@0.2.0";

const DAY = 86_400;

// [what it looks at, threshold, log-odds if at most that, log-odds if more].
const STUMPS = [
  ["rms", 2.8, -0.6, 0.5],
  ["rms", 4.5, -0.2, 0.9],
  ["rms", 7.1, 0.0, 1.4],
  ["kurtosis", 4.0, -0.3, 0.8],
  ["temperature", 70, -0.1, 0.6],
  ["temperature", 85, 0.0, 0.9],
  ["days", 180, -0.4, 0.3],
  ["days", 365, 0.0, 0.7],
];
// Codes that the controller reports, and what each adds.
const FAULTS = { "": 0, OVERLOAD: 0.5, IMBALANCE: 0.8, BEARING: 1.6 };

const INPUTS = [
  { name: "vibration", datatype: "fp32", shape: [-1, 2] }, // RMS in mm/s, kurtosis
  { name: "temperature", datatype: "fp64", shape: [-1] }, // of the bearing, in °C
  { name: "serviced", datatype: "int64", shape: [-1] }, // seconds since 1970
  { name: "fault", datatype: "bytes", shape: [-1] },
  { name: "now", datatype: "int64", shape: [1] }, // may be left out: the clock's
];
const OUTPUTS = [
  { name: "risk", datatype: "fp32", shape: [-1] },
  { name: "overhaul", datatype: "bool", shape: [-1] },
];

export const inference = { describe, infer };

function describe() {
  return { name: "fan-overhaul", version: "1.0.0", inputs: INPUTS, outputs: OUTPUTS };
}

function infer(tensors) {
  const violations = [];
  const given = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));
  const fault = (field, row, code, message) => violations.push({ field, row, code, message });
  for (const { name, datatype } of INPUTS) {
    if (!given[name] && name !== "now") fault(name, null, "missing", "this input is required");
    else if (given[name] && given[name].datatype !== datatype)
      fault(name, null, "wrong-datatype", `must be ${datatype}`);
  }
  for (const { name } of tensors)
    if (!INPUTS.some((input) => input.name === name))
      fault(name, null, "unknown", "there is no such input");
  if (violations.length > 0) throw { tag: "invalid", val: violations };

  const vibration = numbers(given.vibration, 4, "getFloat32");
  const temperature = numbers(given.temperature, 8, "getFloat64");
  const serviced = numbers(given.serviced, 8, "getBigInt64").map(Number);
  const codes = strings(given.fault);
  const now = given.now
    ? Number(numbers(given.now, 8, "getBigInt64")[0])
    : Math.floor(Date.now() / 1000);
  const rows = temperature.length;
  for (const [name, length] of [["vibration", vibration.length / 2], ["serviced", serviced.length], ["fault", codes.length]])
    if (length !== rows) fault(name, null, "wrong-shape", `has ${length} rows, temperature ${rows}`);
  if (violations.length > 0) throw { tag: "invalid", val: violations };

  const risk = new DataView(new ArrayBuffer(4 * rows));
  const overhaul = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const sample = {
      rms: vibration[2 * row],
      kurtosis: vibration[2 * row + 1],
      temperature: temperature[row],
      days: (now - serviced[row]) / DAY,
    };
    if (sample.days < 0) fault("serviced", row, "out-of-range", "lies in the future");
    if (!(codes[row] in FAULTS)) fault("fault", row, "unknown-category", "no such fault code");
    let odds = FAULTS[codes[row]] - 2.0;
    for (const [field, threshold, atMost, more] of STUMPS)
      odds += sample[field] <= threshold ? atMost : more;
    const probability = 1 / (1 + Math.exp(-odds));
    risk.setFloat32(4 * row, probability, true);
    overhaul[row] = probability > 0.5 ? 1 : 0;
    if (overhaul[row]) print(`row ${row}: overhaul it`);
  }
  if (violations.length > 0) throw { tag: "invalid", val: violations };
  const shape = [rows];
  return {
    outputs: [
      { name: "risk", datatype: "fp32", shape, data: new Uint8Array(risk.buffer) },
      { name: "overhaul", datatype: "bool", shape, data: overhaul },
    ],
    flags: [],
  };
}

// A line of ASCII in the host's log.
let output;
function print(line) {
  output ??= stdout.getStdout();
  output.blockingWriteAndFlush(Uint8Array.from(`${line}\n`, (c) => c.charCodeAt(0)));
}

// The elements of a tensor, which are little-endian, by a getter of DataView.
function numbers({ data }, size, getter) {
  const bytes = Uint8Array.from(data);
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / size }, (_, at) => view[getter](size * at, true));
}

// Byte strings, each behind its length; codes are ASCII.
function strings({ data }) {
  const view = new DataView(Uint8Array.from(data).buffer);
  const found = [];
  for (let at = 0; at < view.byteLength; ) {
    const length = view.getUint32(at, true);
    const codes = Array.from({ length }, (_, index) => view.getUint8(at + 4 + index));
    found.push(String.fromCharCode(...codes));
    at += 4 + length;
  }
  return found;
}
