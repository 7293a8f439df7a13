// forward and back 784→16→16→10
@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> activations: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> deltas: array<vec4f>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
@group(0) @binding(4) var<storage, read_write> metrics: array<Metric>;
@group(0) @binding(5) var<storage, read> samples: array<u32>;
@group(0) @binding(6) var<storage, read> order: array<u32>;
@group(0) @binding(7) var<storage, read_write> counter: Counter;
@group(0) @binding(8) var<uniform> settings: Settings;
var<private> step: u32;

struct Settings {
  sampleCount: u32,
  // Steps of training made before step 0 of this epoch or chunk; may wrap.
  stepsBefore: u32,
}

struct Counter {
  step: u32,
  next: u32,
}

struct FlaggedCounter {
  step: u32,
  next: u32,
  nonFinite: array<atomic<u32>>,
}

// The sample in a row of the mini-batch. Rows past the end of a short batch repeat the last sample; their delta is 0, so
// they do not count.
fn sampleOf(row: u32) -> u32 { return order[min(step * 100u + row, settings.sampleCount - 1u)]; }

// The last mini-batch of an epoch may have fewer samples.
fn batchRows() -> u32 { return min(settings.sampleCount - step * 100u, 100u); }

fn samplesOf(row4: u32) -> vec4u {
  return vec4u(sampleOf(4u * row4), sampleOf(4u * row4 + 1u), sampleOf(4u * row4 + 2u), sampleOf(4u * row4 + 3u));
}

// Four features, 0 to 255. They are exact; the factor 1/255 is applied to their sums.
fn bytesOf(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
}

fn orNan(value: vec4f, z: vec4f) -> vec4f {
  return select(value, z, (bitcast<vec4u>(z) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}

fn sigmoid(z: vec4f) -> vec4f {
  let e = exp(-abs(z));
  return orNan(select(vec4f(1.0), e, z < vec4f()) / (1.0 + e), z);
}

fn activateSigmoid(z: vec4f) -> vec4f { return sigmoid(z); }

fn slopeSigmoid(a: vec4f) -> vec4f { return a * (1.0 - a); }

fn fourFrom(index4: u32) -> vec4u { return 4u * index4 + vec4u(0u, 1u, 2u, 3u); }

// sum + a·b, step after step. fma rounds once, and SwiftShader needs it spelled out.
fn multiplyAdd(sum: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(
    fma(vec4f(a[0].w), b[3], fma(vec4f(a[0].z), b[2], fma(vec4f(a[0].y), b[1], fma(vec4f(a[0].x), b[0], sum[0])))),
    fma(vec4f(a[1].w), b[3], fma(vec4f(a[1].z), b[2], fma(vec4f(a[1].y), b[1], fma(vec4f(a[1].x), b[0], sum[1])))),
    fma(vec4f(a[2].w), b[3], fma(vec4f(a[2].z), b[2], fma(vec4f(a[2].y), b[1], fma(vec4f(a[2].x), b[0], sum[2])))),
    fma(vec4f(a[3].w), b[3], fma(vec4f(a[3].z), b[2], fma(vec4f(a[3].y), b[1], fma(vec4f(a[3].x), b[0], sum[3])))),
  );
}

struct Metric {
  cost: f32,
  correct: u32,
}

fn addMetric(row: u32, cost: f32, isCorrect: bool) {
  metrics[row].cost += cost;
  metrics[row].correct += u32(isCorrect);
}

fn indices(q: u32) -> vec4u { return vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u); }

fn isReal(q: u32) -> vec4<bool> { return indices(q) < vec4u(10u); }

fn oneHot(q: u32, label: u32) -> vec4f {
  return select(vec4f(), vec4f(1.0), indices(q) == vec4u(label));
}

fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

struct Row {
  largest: f32,
  sum: f32,
  logSum: f32,
  mean: f32,
}

fn outputVec4(row: Row, base: u32, q: u32) -> vec4f {
  return select(vec4f(), sigmoid(activations[base + q]), isReal(q));
}

fn prepare(base: u32, label: u32) -> Row {
  var row = Row(0.0, 0.0, 0.0, 0.0);
  return row;
}

fn costVec4(row: Row, base: u32, q: u32, a: vec4f, label: u32) -> f32 {
  let difference = a - oneHot(q, label);
  return dot(difference, difference);
}

fn deltaVec4(row: Row, q: u32, a: vec4f, label: u32) -> vec4f {
  let g = 2.0 * (a - oneHot(q, label));
  return g * a * (1.0 - a);
}

fn predictionOf(base: u32) -> u32 {
  var best = 0u;
  var largest = activations[base].x;
  for (var o = 0u; o < 10u; o++) {
    let z = activations[base + (o >> 2u)][o & 3u];
    if (z > largest) {
      largest = z;
      best = o;
    }
  }
  return best;
}

fn outputDeltaOf(row: u32) {
  let isSample = row < batchRows();
  let base = 800u + row * 3u;
  let label = labels[sampleOf(row)];
  let known = prepare(base, label);
  var cost = 0.0;
  for (var q = 0u; q < 3u; q++) {
    let a = outputVec4(known, base, q);
    cost += costVec4(known, base, q, a, label);
    deltas[800u + row * 3u + q] = select(vec4f(), deltaVec4(known, q, a, label), isSample);
  }
  if (isSample) { addMetric(row, cost, predictionOf(base) == label); }
}
var<workgroup> shared4: array<vec4f, 1024>;
const ROWS4Forward0 = 25u;
const COLUMNS4Forward0 = 4u;
const K4Forward0 = 196u;

fn inputsForward0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 196u + (0u + column4);
  return mat4x4f(bytesOf(samples[at.x]), bytesOf(samples[at.y]), bytesOf(samples[at.z]), bytesOf(samples[at.w]));
}

fn weightsForward0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (0u + column4);
  return mat4x4f(parameters[at.x], parameters[at.y], parameters[at.z], parameters[at.w]);
}

fn rowsOfAForward0(row4: u32) -> vec4u { return samplesOf(row4); }

fn stepsOfAForward0(k4: u32) -> vec4u { return vec4u(k4); }

fn loadAForward0(rows: vec4u, steps: vec4u) -> mat4x4f { return inputsForward0(rows, steps.x); }

fn loadBForward0(k4: u32, column4: u32) -> mat4x4f { return weightsForward0(fourFrom(k4), column4); }

fn storeForward0(row: u32, column4: u32, sum: vec4f) {
  let bias = parameters[3136u + column4];
  let z = fma(sum, vec4f(0.003921568859368563f), bias);
  let at = row * 4u + column4;
  let a = activateSigmoid(z);
  let isReal = fourFrom(column4) < vec4u(16u);
  activations[0u + at] = select(vec4f(), a, isReal);
}
const SPLIT_KForward0 = 16u;
const ACROSSForward0 = 4u;

fn tileForward0(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSSForward0 % SPLIT_KForward0;
  let r4 = row4 + lane / (ACROSSForward0 * SPLIT_KForward0);
  let c4 = column4 + lane % ACROSSForward0;
  let rows = rowsOfAForward0(min(r4, ROWS4Forward0 - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < 13u; i++) {
    let k4 = i * SPLIT_KForward0 + part;
    if (k4 < K4Forward0) {
      sum = multiplyAdd(sum, loadAForward0(rows, stepsOfAForward0(k4)), loadBForward0(k4, min(c4, COLUMNS4Forward0 - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * 256u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSSForward0;
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < 1u; i++) {
    let m = i * SPLIT_KForward0 + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_KForward0; p++) { total += shared4[m * 256u + first + p * ACROSSForward0]; }
    if (r4 < ROWS4Forward0 && c4 < COLUMNS4Forward0 && lane < 64u && m < 4u) { storeForward0(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}
const ROWS4Forward1 = 25u;
const COLUMNS4Forward1 = 4u;
const K4Forward1 = 4u;

fn inputsForward1(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (0u + column4);
  return mat4x4f(activations[at.x], activations[at.y], activations[at.z], activations[at.w]);
}

fn weightsForward1(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (3152u + column4);
  return mat4x4f(parameters[at.x], parameters[at.y], parameters[at.z], parameters[at.w]);
}

fn rowsOfAForward1(row4: u32) -> vec4u { return fourFrom(row4); }

fn stepsOfAForward1(k4: u32) -> vec4u { return vec4u(k4); }

fn loadAForward1(rows: vec4u, steps: vec4u) -> mat4x4f { return inputsForward1(rows, steps.x); }

fn loadBForward1(k4: u32, column4: u32) -> mat4x4f { return weightsForward1(fourFrom(k4), column4); }

fn storeForward1(row: u32, column4: u32, sum: vec4f) {
  let bias = parameters[3216u + column4];
  let z = sum + bias;
  let at = row * 4u + column4;
  let a = activateSigmoid(z);
  let isReal = fourFrom(column4) < vec4u(16u);
  activations[400u + at] = select(vec4f(), a, isReal);
}
const SPLIT_KForward1 = 4u;
const ACROSSForward1 = 4u;

fn tileForward1(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSSForward1 % SPLIT_KForward1;
  let r4 = row4 + lane / (ACROSSForward1 * SPLIT_KForward1);
  let c4 = column4 + lane % ACROSSForward1;
  let rows = rowsOfAForward1(min(r4, ROWS4Forward1 - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < 1u; i++) {
    let k4 = i * SPLIT_KForward1 + part;
    {
      sum = multiplyAdd(sum, loadAForward1(rows, stepsOfAForward1(k4)), loadBForward1(k4, min(c4, COLUMNS4Forward1 - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * 256u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSSForward1;
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < 1u; i++) {
    let m = i * SPLIT_KForward1 + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_KForward1; p++) { total += shared4[m * 256u + first + p * ACROSSForward1]; }
    if (r4 < ROWS4Forward1 && c4 < COLUMNS4Forward1 && lane < 16u && m < 4u) { storeForward1(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}
const ROWS4Forward2 = 25u;
const COLUMNS4Forward2 = 3u;
const K4Forward2 = 4u;

fn inputsForward2(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (400u + column4);
  return mat4x4f(activations[at.x], activations[at.y], activations[at.z], activations[at.w]);
}

fn weightsForward2(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 3u + (3232u + column4);
  return mat4x4f(parameters[at.x], parameters[at.y], parameters[at.z], parameters[at.w]);
}

fn rowsOfAForward2(row4: u32) -> vec4u { return fourFrom(row4); }

fn stepsOfAForward2(k4: u32) -> vec4u { return vec4u(k4); }

fn loadAForward2(rows: vec4u, steps: vec4u) -> mat4x4f { return inputsForward2(rows, steps.x); }

fn loadBForward2(k4: u32, column4: u32) -> mat4x4f { return weightsForward2(fourFrom(k4), column4); }

fn storeForward2(row: u32, column4: u32, sum: vec4f) {
  let bias = parameters[3280u + column4];
  let z = sum + bias;
  let at = row * 3u + column4;
  let a = z;
  let isReal = fourFrom(column4) < vec4u(10u);
  activations[800u + at] = select(vec4f(), a, isReal);
}
const SPLIT_KForward2 = 4u;
const ACROSSForward2 = 4u;

fn tileForward2(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSSForward2 % SPLIT_KForward2;
  let r4 = row4 + lane / (ACROSSForward2 * SPLIT_KForward2);
  let c4 = column4 + lane % ACROSSForward2;
  let rows = rowsOfAForward2(min(r4, ROWS4Forward2 - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < 1u; i++) {
    let k4 = i * SPLIT_KForward2 + part;
    {
      sum = multiplyAdd(sum, loadAForward2(rows, stepsOfAForward2(k4)), loadBForward2(k4, min(c4, COLUMNS4Forward2 - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * 256u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSSForward2;
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < 1u; i++) {
    let m = i * SPLIT_KForward2 + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_KForward2; p++) { total += shared4[m * 256u + first + p * ACROSSForward2]; }
    if (r4 < ROWS4Forward2 && c4 < COLUMNS4Forward2 && lane < 16u && m < 4u) { storeForward2(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}
const ROWS4Back0 = 25u;
const COLUMNS4Back0 = 4u;
const K4Back0 = 3u;

fn nextDeltaBack0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 3u + (800u + column4);
  return mat4x4f(deltas[at.x], deltas[at.y], deltas[at.z], deltas[at.w]);
}

fn weightsBack0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 3u + (3232u + column4);
  return mat4x4f(parameters[at.x], parameters[at.y], parameters[at.z], parameters[at.w]);
}

fn rowsOfABack0(row4: u32) -> vec4u { return fourFrom(row4); }

fn stepsOfABack0(k4: u32) -> vec4u { return vec4u(k4); }

fn loadABack0(rows: vec4u, steps: vec4u) -> mat4x4f { return nextDeltaBack0(rows, steps.x); }

fn loadBBack0(k4: u32, column4: u32) -> mat4x4f { return transpose(weightsBack0(fourFrom(column4), k4)); }

fn storeBack0(row: u32, column4: u32, sum: vec4f) {
  let at = row * 4u + column4;
  let slope = slopeSigmoid(activations[400u + at]);
  deltas[400u + at] = sum * slope;
}
const SPLIT_KBack0 = 2u;
const ACROSSBack0 = 4u;

fn tileBack0(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSSBack0 % SPLIT_KBack0;
  let r4 = row4 + lane / (ACROSSBack0 * SPLIT_KBack0);
  let c4 = column4 + lane % ACROSSBack0;
  let rows = rowsOfABack0(min(r4, ROWS4Back0 - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < 2u; i++) {
    let k4 = i * SPLIT_KBack0 + part;
    if (k4 < K4Back0) {
      sum = multiplyAdd(sum, loadABack0(rows, stepsOfABack0(k4)), loadBBack0(k4, min(c4, COLUMNS4Back0 - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * 256u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSSBack0;
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < 2u; i++) {
    let m = i * SPLIT_KBack0 + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_KBack0; p++) { total += shared4[m * 256u + first + p * ACROSSBack0]; }
    if (r4 < ROWS4Back0 && c4 < COLUMNS4Back0 && lane < 8u && m < 4u) { storeBack0(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}
const ROWS4Back1 = 25u;
const COLUMNS4Back1 = 4u;
const K4Back1 = 4u;

fn nextDeltaBack1(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (400u + column4);
  return mat4x4f(deltas[at.x], deltas[at.y], deltas[at.z], deltas[at.w]);
}

fn weightsBack1(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (3152u + column4);
  return mat4x4f(parameters[at.x], parameters[at.y], parameters[at.z], parameters[at.w]);
}

fn rowsOfABack1(row4: u32) -> vec4u { return fourFrom(row4); }

fn stepsOfABack1(k4: u32) -> vec4u { return vec4u(k4); }

fn loadABack1(rows: vec4u, steps: vec4u) -> mat4x4f { return nextDeltaBack1(rows, steps.x); }

fn loadBBack1(k4: u32, column4: u32) -> mat4x4f { return transpose(weightsBack1(fourFrom(column4), k4)); }

fn storeBack1(row: u32, column4: u32, sum: vec4f) {
  let at = row * 4u + column4;
  let slope = slopeSigmoid(activations[0u + at]);
  deltas[0u + at] = sum * slope;
}
const SPLIT_KBack1 = 4u;
const ACROSSBack1 = 4u;

fn tileBack1(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSSBack1 % SPLIT_KBack1;
  let r4 = row4 + lane / (ACROSSBack1 * SPLIT_KBack1);
  let c4 = column4 + lane % ACROSSBack1;
  let rows = rowsOfABack1(min(r4, ROWS4Back1 - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < 1u; i++) {
    let k4 = i * SPLIT_KBack1 + part;
    {
      sum = multiplyAdd(sum, loadABack1(rows, stepsOfABack1(k4)), loadBBack1(k4, min(c4, COLUMNS4Back1 - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * 256u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSSBack1;
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < 1u; i++) {
    let m = i * SPLIT_KBack1 + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_KBack1; p++) { total += shared4[m * 256u + first + p * ACROSSBack1]; }
    if (r4 < ROWS4Back1 && c4 < COLUMNS4Back1 && lane < 16u && m < 4u) { storeBack1(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}

@compute @workgroup_size(256)

fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let workgroup = id.x;
  let invocation = workgroup * 256u + lane;
  step = counter.step;
  if (invocation == 0u) { counter.next = step + 1u; }
  for (var turn = 0u; turn < 1u; turn++) { tileForward0(1u * workgroup, turn * 4u, lane); }
  storageBarrier();
  workgroupBarrier();
  for (var turn = 0u; turn < 1u; turn++) { tileForward1(1u * workgroup, turn * 4u, lane); }
  storageBarrier();
  workgroupBarrier();
  for (var turn = 0u; turn < 1u; turn++) { tileForward2(1u * workgroup, turn * 4u, lane); }
  storageBarrier();
  workgroupBarrier();
  for (var turn = 0u; turn < 1u; turn++) {
    let own = turn * 256u + lane;
    let row = 4u * workgroup + own;
    if (own < 4u && row < 100u) { outputDeltaOf(row); }
  }
  storageBarrier();
  workgroupBarrier();
  for (var turn = 0u; turn < 1u; turn++) { tileBack0(1u * workgroup, turn * 4u, lane); }
  storageBarrier();
  workgroupBarrier();
  for (var turn = 0u; turn < 1u; turn++) { tileBack1(1u * workgroup, turn * 4u, lane); }
}

// update 784→16, 16→16, 16→10
@group(0) @binding(0) var<storage, read> deltas: array<vec4f>;
@group(0) @binding(1) var<storage, read> activations: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read> optimizerScalars: array<vec4f>;
@group(0) @binding(4) var<storage, read> samples: array<u32>;
@group(0) @binding(5) var<storage, read> order: array<u32>;
@group(0) @binding(6) var<storage, read_write> counter: FlaggedCounter;
@group(0) @binding(7) var<uniform> settings: Settings;
var<private> step: u32;

struct Settings {
  sampleCount: u32,
  // Steps of training made before step 0 of this epoch or chunk; may wrap.
  stepsBefore: u32,
}

struct Counter {
  step: u32,
  next: u32,
}

struct FlaggedCounter {
  step: u32,
  next: u32,
  nonFinite: array<atomic<u32>>,
}

// The sample in a row of the mini-batch. Rows past the end of a short batch repeat the last sample; their delta is 0, so
// they do not count.
fn sampleOf(row: u32) -> u32 { return order[min(step * 100u + row, settings.sampleCount - 1u)]; }

// The last mini-batch of an epoch may have fewer samples.
fn batchRows() -> u32 { return min(settings.sampleCount - step * 100u, 100u); }

fn samplesOf(row4: u32) -> vec4u {
  return vec4u(sampleOf(4u * row4), sampleOf(4u * row4 + 1u), sampleOf(4u * row4 + 2u), sampleOf(4u * row4 + 3u));
}

// Four features, 0 to 255. They are exact; the factor 1/255 is applied to their sums.
fn bytesOf(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
}
var<private> rate: vec4f;
var<private> finite = true;

// Bits, since shaders may assume that everything is finite.
fn isFinite(v: vec4f) -> bool {
  return all((bitcast<vec4u>(v) & vec4u(0x7f800000u)) != vec4u(0x7f800000u));
}

fn scalarsOf(index: u32) -> vec4f { return optimizerScalars[index]; }

fn applyGradient(index: u32, gradient: vec4f, rate: vec4f) -> bool {
  let w = parameters[index];
  let g = gradient;
  let direction = g;
  let moved = w - rate.x * direction;
  parameters[index] = moved;
  return isFinite(moved);
}

fn fourFrom(index4: u32) -> vec4u { return 4u * index4 + vec4u(0u, 1u, 2u, 3u); }

// sum + a·b, step after step. fma rounds once, and SwiftShader needs it spelled out.
fn multiplyAdd(sum: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(
    fma(vec4f(a[0].w), b[3], fma(vec4f(a[0].z), b[2], fma(vec4f(a[0].y), b[1], fma(vec4f(a[0].x), b[0], sum[0])))),
    fma(vec4f(a[1].w), b[3], fma(vec4f(a[1].z), b[2], fma(vec4f(a[1].y), b[1], fma(vec4f(a[1].x), b[0], sum[1])))),
    fma(vec4f(a[2].w), b[3], fma(vec4f(a[2].z), b[2], fma(vec4f(a[2].y), b[1], fma(vec4f(a[2].x), b[0], sum[2])))),
    fma(vec4f(a[3].w), b[3], fma(vec4f(a[3].z), b[2], fma(vec4f(a[3].y), b[1], fma(vec4f(a[3].x), b[0], sum[3])))),
  );
}
var<workgroup> shared4: array<vec4f, 1024>;
const ROWS40 = 197u;
const COLUMNS40 = 4u;
const K40 = 25u;

fn inputs0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 196u + (0u + column4);
  return mat4x4f(bytesOf(samples[at.x]), bytesOf(samples[at.y]), bytesOf(samples[at.z]), bytesOf(samples[at.w]));
}

fn delta0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (0u + column4);
  return mat4x4f(deltas[at.x], deltas[at.y], deltas[at.z], deltas[at.w]);
}

fn rowsOfA0(row4: u32) -> vec4u { return vec4u(row4); }

fn stepsOfA0(k4: u32) -> vec4u { return samplesOf(k4); }

fn loadA0(rows: vec4u, steps: vec4u) -> mat4x4f {
  if (rows.x == 196u) { return mat4x4f(vec4f(1.0), vec4f(), vec4f(), vec4f()); }
  return transpose(inputs0(steps, rows.x));
}

fn loadB0(k4: u32, column4: u32) -> mat4x4f { return delta0(fourFrom(k4), column4); }

fn store0(row: u32, column4: u32, sum: vec4f) {
  if (row > 784u) { return; }
  let scale = select(0.003921568859368563f, 1.0, row == 784u) / f32(batchRows());
  let at = 0u + row * 4u + column4;
  finite = applyGradient(at, sum * scale, rate) && finite;
}
const SPLIT_K0 = 8u;
const ACROSS0 = 4u;

fn tile0(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSS0 % SPLIT_K0;
  let r4 = row4 + lane / (ACROSS0 * SPLIT_K0);
  let c4 = column4 + lane % ACROSS0;
  let rows = rowsOfA0(min(r4, ROWS40 - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < 4u; i++) {
    let k4 = i * SPLIT_K0 + part;
    if (k4 < K40) {
      sum = multiplyAdd(sum, loadA0(rows, stepsOfA0(k4)), loadB0(k4, min(c4, COLUMNS40 - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * 256u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSS0;
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < 1u; i++) {
    let m = i * SPLIT_K0 + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_K0; p++) { total += shared4[m * 256u + first + p * ACROSS0]; }
    if (r4 < ROWS40 && c4 < COLUMNS40 && m < 4u) { store0(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}

fn matmul0(workgroup: u32, lane: u32) {
  let row4 = workgroup / 1u * 8u;
  let column4 = workgroup % 1u * 4u;
  tile0(row4, column4, lane);
}
const ROWS41 = 5u;
const COLUMNS41 = 4u;
const K41 = 25u;

fn inputs1(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (0u + column4);
  return mat4x4f(activations[at.x], activations[at.y], activations[at.z], activations[at.w]);
}

fn delta1(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (400u + column4);
  return mat4x4f(deltas[at.x], deltas[at.y], deltas[at.z], deltas[at.w]);
}

fn rowsOfA1(row4: u32) -> vec4u { return vec4u(row4); }

fn stepsOfA1(k4: u32) -> vec4u { return fourFrom(k4); }

fn loadA1(rows: vec4u, steps: vec4u) -> mat4x4f {
  if (rows.x == 4u) { return mat4x4f(vec4f(1.0), vec4f(), vec4f(), vec4f()); }
  return transpose(inputs1(steps, rows.x));
}

fn loadB1(k4: u32, column4: u32) -> mat4x4f { return delta1(fourFrom(k4), column4); }

fn store1(row: u32, column4: u32, sum: vec4f) {
  if (row > 16u) { return; }
  let scale = 1.0 / f32(batchRows());
  let at = 3152u + row * 4u + column4;
  finite = applyGradient(at, sum * scale, rate) && finite;
}
const SPLIT_K1 = 8u;
const ACROSS1 = 4u;

fn tile1(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSS1 % SPLIT_K1;
  let r4 = row4 + lane / (ACROSS1 * SPLIT_K1);
  let c4 = column4 + lane % ACROSS1;
  let rows = rowsOfA1(min(r4, ROWS41 - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < 4u; i++) {
    let k4 = i * SPLIT_K1 + part;
    if (k4 < K41) {
      sum = multiplyAdd(sum, loadA1(rows, stepsOfA1(k4)), loadB1(k4, min(c4, COLUMNS41 - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * 256u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSS1;
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < 1u; i++) {
    let m = i * SPLIT_K1 + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_K1; p++) { total += shared4[m * 256u + first + p * ACROSS1]; }
    if (r4 < ROWS41 && c4 < COLUMNS41 && m < 4u) { store1(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}

fn matmul1(workgroup: u32, lane: u32) {
  let row4 = workgroup / 1u * 8u;
  let column4 = workgroup % 1u * 4u;
  tile1(row4, column4, lane);
}
const ROWS42 = 5u;
const COLUMNS42 = 3u;
const K42 = 25u;

fn inputs2(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 4u + (400u + column4);
  return mat4x4f(activations[at.x], activations[at.y], activations[at.z], activations[at.w]);
}

fn delta2(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 3u + (800u + column4);
  return mat4x4f(deltas[at.x], deltas[at.y], deltas[at.z], deltas[at.w]);
}

fn rowsOfA2(row4: u32) -> vec4u { return vec4u(row4); }

fn stepsOfA2(k4: u32) -> vec4u { return fourFrom(k4); }

fn loadA2(rows: vec4u, steps: vec4u) -> mat4x4f {
  if (rows.x == 4u) { return mat4x4f(vec4f(1.0), vec4f(), vec4f(), vec4f()); }
  return transpose(inputs2(steps, rows.x));
}

fn loadB2(k4: u32, column4: u32) -> mat4x4f { return delta2(fourFrom(k4), column4); }

fn store2(row: u32, column4: u32, sum: vec4f) {
  if (row > 16u) { return; }
  let scale = 1.0 / f32(batchRows());
  let at = 3232u + row * 3u + column4;
  finite = applyGradient(at, sum * scale, rate) && finite;
}
const SPLIT_K2 = 8u;
const ACROSS2 = 4u;

fn tile2(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSS2 % SPLIT_K2;
  let r4 = row4 + lane / (ACROSS2 * SPLIT_K2);
  let c4 = column4 + lane % ACROSS2;
  let rows = rowsOfA2(min(r4, ROWS42 - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < 4u; i++) {
    let k4 = i * SPLIT_K2 + part;
    if (k4 < K42) {
      sum = multiplyAdd(sum, loadA2(rows, stepsOfA2(k4)), loadB2(k4, min(c4, COLUMNS42 - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * 256u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSS2;
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < 1u; i++) {
    let m = i * SPLIT_K2 + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_K2; p++) { total += shared4[m * 256u + first + p * ACROSS2]; }
    if (r4 < ROWS42 && c4 < COLUMNS42 && m < 4u) { store2(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}

fn matmul2(workgroup: u32, lane: u32) {
  let row4 = workgroup / 1u * 8u;
  let column4 = workgroup % 1u * 4u;
  tile2(row4, column4, lane);
}

@compute @workgroup_size(256)

fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let workgroup = id.x;
  let invocation = workgroup * 256u + lane;
  step = counter.next - 1u;
  if (invocation == 0u) { counter.step = step + 1u; }
  rate = scalarsOf(step);
  if (workgroup < 25u) {
    matmul0(workgroup, lane);
  if (!finite) { atomicMax(&counter.nonFinite[0u], ~(settings.stepsBefore + step)); }
  } else if (workgroup < 26u) {
    matmul1(workgroup - 25u, lane);
  if (!finite) { atomicMax(&counter.nonFinite[1u], ~(settings.stepsBefore + step)); }
  } else {
    matmul2(workgroup - 26u, lane);
  if (!finite) { atomicMax(&counter.nonFinite[2u], ~(settings.stepsBefore + step)); }
  }
}
