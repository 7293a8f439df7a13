// forward 784→128
enable subgroups;
@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> activations: array<vec4f>;
@group(0) @binding(2) var<storage, read> samples: array<u32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> counter: Counter;
@group(0) @binding(5) var<uniform> settings: Settings;
@group(0) @binding(6) var parametersAt0: texture_2d<f32>;
@group(0) @binding(7) var nearest: sampler;
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

fn activateRelu(z: vec4f) -> vec4f { return select(z, vec4f(), z < vec4f()); }

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

fn swap1(a: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapX(a[0]), quadSwapX(a[1]), quadSwapX(a[2]), quadSwapX(a[3])); }

fn swap2(a: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapY(a[0]), quadSwapY(a[1]), quadSwapY(a[2]), quadSwapY(a[3])); }

fn swap3(a: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapDiagonal(a[0]), quadSwapDiagonal(a[1]), quadSwapDiagonal(a[2]), quadSwapDiagonal(a[3])); }

// SwiftShader takes vectors apart, and would keep what is between two steps of all four components in memory.
fn multiplyAddComponents(sum: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(
    fma(a[0].w, b[3].x, fma(a[0].z, b[2].x, fma(a[0].y, b[1].x, fma(a[0].x, b[0].x, sum[0].x)))),
    fma(a[0].w, b[3].y, fma(a[0].z, b[2].y, fma(a[0].y, b[1].y, fma(a[0].x, b[0].y, sum[0].y)))),
    fma(a[0].w, b[3].z, fma(a[0].z, b[2].z, fma(a[0].y, b[1].z, fma(a[0].x, b[0].z, sum[0].z)))),
    fma(a[0].w, b[3].w, fma(a[0].z, b[2].w, fma(a[0].y, b[1].w, fma(a[0].x, b[0].w, sum[0].w)))),
    fma(a[1].w, b[3].x, fma(a[1].z, b[2].x, fma(a[1].y, b[1].x, fma(a[1].x, b[0].x, sum[1].x)))),
    fma(a[1].w, b[3].y, fma(a[1].z, b[2].y, fma(a[1].y, b[1].y, fma(a[1].x, b[0].y, sum[1].y)))),
    fma(a[1].w, b[3].z, fma(a[1].z, b[2].z, fma(a[1].y, b[1].z, fma(a[1].x, b[0].z, sum[1].z)))),
    fma(a[1].w, b[3].w, fma(a[1].z, b[2].w, fma(a[1].y, b[1].w, fma(a[1].x, b[0].w, sum[1].w)))),
    fma(a[2].w, b[3].x, fma(a[2].z, b[2].x, fma(a[2].y, b[1].x, fma(a[2].x, b[0].x, sum[2].x)))),
    fma(a[2].w, b[3].y, fma(a[2].z, b[2].y, fma(a[2].y, b[1].y, fma(a[2].x, b[0].y, sum[2].y)))),
    fma(a[2].w, b[3].z, fma(a[2].z, b[2].z, fma(a[2].y, b[1].z, fma(a[2].x, b[0].z, sum[2].z)))),
    fma(a[2].w, b[3].w, fma(a[2].z, b[2].w, fma(a[2].y, b[1].w, fma(a[2].x, b[0].w, sum[2].w)))),
    fma(a[3].w, b[3].x, fma(a[3].z, b[2].x, fma(a[3].y, b[1].x, fma(a[3].x, b[0].x, sum[3].x)))),
    fma(a[3].w, b[3].y, fma(a[3].z, b[2].y, fma(a[3].y, b[1].y, fma(a[3].x, b[0].y, sum[3].y)))),
    fma(a[3].w, b[3].z, fma(a[3].z, b[2].z, fma(a[3].y, b[1].z, fma(a[3].x, b[0].z, sum[3].z)))),
    fma(a[3].w, b[3].w, fma(a[3].z, b[2].w, fma(a[3].y, b[1].w, fma(a[3].x, b[0].w, sum[3].w)))),
  );
}
const ROWS4 = 25u;
const COLUMNS4 = 32u;
const K4 = 196u;

fn inputs(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 196u + (0u + column4);
  return mat4x4f(bytesOf(samples[at.x]), bytesOf(samples[at.y]), bytesOf(samples[at.z]), bytesOf(samples[at.w]));
}

fn weights(rows: vec4u, column4: u32) -> mat4x4f {
  let x = (f32(column4) + 0.5) * 0.03125f;
  let y = (vec4f(rows) + 0.5) * 0.0012755101779475808f;
  return mat4x4f(textureSampleLevel(parametersAt0, nearest, vec2f(x, y.x), 0.0), textureSampleLevel(parametersAt0, nearest, vec2f(x, y.y), 0.0), textureSampleLevel(parametersAt0, nearest, vec2f(x, y.z), 0.0), textureSampleLevel(parametersAt0, nearest, vec2f(x, y.w), 0.0));
}

fn rowsOfA(row4: u32) -> vec4u { return samplesOf(row4); }

fn stepsOfA(k4: u32) -> vec4u { return vec4u(k4); }

fn loadA(rows: vec4u, steps: vec4u) -> mat4x4f { return inputs(rows, steps.x); }

fn loadB(k4: u32, column4: u32) -> mat4x4f { return weights(fourFrom(k4), column4); }

fn store(row: u32, column4: u32, sum: vec4f) {
  let bias = parameters[25088u + column4];
  let z = fma(sum, vec4f(0.003921568859368563f), bias);
  let at = row * 32u + column4;
  let a = activateRelu(z);
  let isReal = fourFrom(column4) < vec4u(128u);
  activations[0u + at] = select(vec4f(), a, isReal);
}

fn matmul(workgroup: u32, lane: u32) {
  let index = (workgroup * 4u + lane) / 4u;
  let own = lane % 4u;
  let row4 = index / 8u * 4u;
  let column4 = (index % 8u * 4u + own) * 1u;
  let rows_0 = rowsOfA(min(row4 + 0u + own, ROWS4 - 1u));
  var sum_0_0 = mat4x4f();
  var sum_1_0 = mat4x4f();
  var sum_2_0 = mat4x4f();
  var sum_3_0 = mat4x4f();
  for (var turn = 0u; turn < 98u; turn++) {
    let k4_0 = turn * 2u + 0u;
    let steps_0 = stepsOfA(k4_0);
    let b_0_0 = loadB(k4_0, min(column4 + 0u, COLUMNS4 - 1u));
    let own_0_0 = loadA(rows_0, steps_0);
    let a_0_0 = own_0_0;
    sum_0_0 = multiplyAddComponents(sum_0_0, a_0_0, b_0_0);
    let a_0_1 = swap1(own_0_0);
    sum_1_0 = multiplyAddComponents(sum_1_0, a_0_1, b_0_0);
    let a_0_2 = swap2(own_0_0);
    sum_2_0 = multiplyAddComponents(sum_2_0, a_0_2, b_0_0);
    let a_0_3 = swap3(own_0_0);
    sum_3_0 = multiplyAddComponents(sum_3_0, a_0_3, b_0_0);
    let k4_1 = turn * 2u + 1u;
    let steps_1 = stepsOfA(k4_1);
    let b_1_0 = loadB(k4_1, min(column4 + 0u, COLUMNS4 - 1u));
    let own_1_0 = loadA(rows_0, steps_1);
    let a_1_0 = own_1_0;
    sum_0_0 = multiplyAddComponents(sum_0_0, a_1_0, b_1_0);
    let a_1_1 = swap1(own_1_0);
    sum_1_0 = multiplyAddComponents(sum_1_0, a_1_1, b_1_0);
    let a_1_2 = swap2(own_1_0);
    sum_2_0 = multiplyAddComponents(sum_2_0, a_1_2, b_1_0);
    let a_1_3 = swap3(own_1_0);
    sum_3_0 = multiplyAddComponents(sum_3_0, a_1_3, b_1_0);
  }
  var sums = array<vec4f, 16>(sum_0_0[0], sum_0_0[1], sum_0_0[2], sum_0_0[3], sum_1_0[0], sum_1_0[1], sum_1_0[2], sum_1_0[3], sum_2_0[0], sum_2_0[1], sum_2_0[2], sum_2_0[3], sum_3_0[0], sum_3_0[1], sum_3_0[2], sum_3_0[3]);
  for (var i = 0u; i < 16u; i++) {
    let r4 = row4 + ((i / 4u) ^ own);
    let c4 = column4 + i / 4u % 1u;
    if (r4 < ROWS4 && c4 < COLUMNS4) { store(4u * r4 + i % 4u, c4, sums[i]); }
  }
}

@compute @workgroup_size(4)

fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let workgroup = id.x;
  let invocation = workgroup * 4u + lane;
  step = counter.step;
  if (invocation == 0u) { counter.next = step + 1u; }
  {
    matmul(workgroup, lane);
  }
}

// forward and back 128→10
@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> activations: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> deltas: array<vec4f>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
@group(0) @binding(4) var<storage, read_write> metrics: array<Metric>;
@group(0) @binding(5) var<storage, read> order: array<u32>;
@group(0) @binding(6) var<storage, read> counter: Counter;
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

fn orNan(value: vec4f, z: vec4f) -> vec4f {
  return select(value, z, (bitcast<vec4u>(z) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}

fn slopeRelu(a: vec4f) -> vec4f { return select(vec4f(), vec4f(1.0), a > vec4f()); }

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
  return select(vec4f(), exp(activations[base + q] - row.largest) / row.sum, isReal(q));
}

fn prepare(base: u32, label: u32) -> Row {
  var row = Row(0.0, 0.0, 0.0, 0.0);
  row.largest = activations[base].x;
  for (var q = 0u; q < 3u; q++) {
    let v = select(vec4f(row.largest), activations[base + q], isReal(q));
    row.largest = max(max(max(v.x, v.y), max(v.z, v.w)), row.largest);
  }
  for (var q = 0u; q < 3u; q++) {
    let v = activations[base + q] - row.largest;
    row.sum += total(select(vec4f(), orNan(exp(v), v), isReal(q)));
  }
  row.logSum = orNan(vec4f(log(row.sum)), vec4f(row.sum)).x;
  return row;
}

fn costVec4(row: Row, base: u32, q: u32, a: vec4f, label: u32) -> f32 {
  return total(select(vec4f(), row.logSum - (activations[base + q] - row.largest), indices(q) == vec4u(label)));
}

fn deltaVec4(row: Row, q: u32, a: vec4f, label: u32) -> vec4f {
  return a - oneHot(q, label);
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
  let base = 3200u + row * 3u;
  let label = labels[sampleOf(row)];
  let known = prepare(base, label);
  var cost = 0.0;
  for (var q = 0u; q < 3u; q++) {
    let a = outputVec4(known, base, q);
    cost += costVec4(known, base, q, a, label);
    deltas[3200u + row * 3u + q] = select(vec4f(), deltaVec4(known, q, a, label), isSample);
  }
  if (isSample) { addMetric(row, cost, predictionOf(base) == label); }
}
const ROWS4Forward0 = 25u;
const COLUMNS4Forward0 = 3u;
const K4Forward0 = 32u;

fn inputsForward0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 32u + (0u + column4);
  return mat4x4f(activations[at.x], activations[at.y], activations[at.z], activations[at.w]);
}

fn weightsForward0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 3u + (25120u + column4);
  return mat4x4f(parameters[at.x], parameters[at.y], parameters[at.z], parameters[at.w]);
}

fn rowsOfAForward0(row4: u32) -> vec4u { return fourFrom(row4); }

fn stepsOfAForward0(k4: u32) -> vec4u { return vec4u(k4); }

fn loadAForward0(rows: vec4u, steps: vec4u) -> mat4x4f { return inputsForward0(rows, steps.x); }

fn loadBForward0(k4: u32, column4: u32) -> mat4x4f { return weightsForward0(fourFrom(k4), column4); }

fn storeForward0(row: u32, column4: u32, sum: vec4f) {
  let bias = parameters[25504u + column4];
  let z = sum + bias;
  let at = row * 3u + column4;
  let a = z;
  let isReal = fourFrom(column4) < vec4u(10u);
  activations[3200u + at] = select(vec4f(), a, isReal);
}

fn tileForward0(row4: u32, column4: u32) {
  let rows_0 = rowsOfAForward0(row4 + 0u);
  var sum_0_0 = mat4x4f();
  for (var k4 = 0u; k4 < K4Forward0; k4++) {
    let steps = stepsOfAForward0(k4);
    let b_0 = loadBForward0(k4, column4 + 0u);
    let a_0 = loadAForward0(rows_0, steps);
    sum_0_0 = multiplyAdd(sum_0_0, a_0, b_0);
  }
  var sums = array<vec4f, 4>(sum_0_0[0], sum_0_0[1], sum_0_0[2], sum_0_0[3]);
  for (var i = 0u; i < 4u; i++) {
    let r4 = row4 + i / 4u;
    let c4 = column4 + i / 4u % 1u;
    { storeForward0(4u * r4 + i % 4u, c4, sums[i]); }
  }
}
const ROWS4Back0 = 25u;
const COLUMNS4Back0 = 32u;
const K4Back0 = 3u;

fn nextDeltaBack0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 3u + (3200u + column4);
  return mat4x4f(deltas[at.x], deltas[at.y], deltas[at.z], deltas[at.w]);
}

fn weightsBack0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 3u + (25120u + column4);
  return mat4x4f(parameters[at.x], parameters[at.y], parameters[at.z], parameters[at.w]);
}

fn rowsOfABack0(row4: u32) -> vec4u { return fourFrom(row4); }

fn stepsOfABack0(k4: u32) -> vec4u { return vec4u(k4); }

fn loadABack0(rows: vec4u, steps: vec4u) -> mat4x4f { return nextDeltaBack0(rows, steps.x); }

fn loadBBack0(k4: u32, column4: u32) -> mat4x4f { return transpose(weightsBack0(fourFrom(column4), k4)); }

fn storeBack0(row: u32, column4: u32, sum: vec4f) {
  let at = row * 32u + column4;
  let slope = slopeRelu(activations[0u + at]);
  deltas[0u + at] = sum * slope;
}

fn tileBack0(row4: u32, column4: u32) {
  let rows_0 = rowsOfABack0(row4 + 0u);
  var sum_0_0 = mat4x4f();
  for (var k4 = 0u; k4 < K4Back0; k4++) {
    let steps = stepsOfABack0(k4);
    let b_0 = loadBBack0(k4, column4 + 0u);
    let a_0 = loadABack0(rows_0, steps);
    sum_0_0 = multiplyAdd(sum_0_0, a_0, b_0);
  }
  var sums = array<vec4f, 4>(sum_0_0[0], sum_0_0[1], sum_0_0[2], sum_0_0[3]);
  for (var i = 0u; i < 4u; i++) {
    let r4 = row4 + i / 4u;
    let c4 = column4 + i / 4u % 1u;
    { storeBack0(4u * r4 + i % 4u, c4, sums[i]); }
  }
}

@compute @workgroup_size(4)

fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let workgroup = id.x;
  let invocation = workgroup * 4u + lane;
  if (invocation >= 25u) { return; }
  step = counter.next - 1u;
  for (var c = 0u; c < 3u; c++) { tileForward0(invocation, c); }
  for (var m = 0u; m < 4u; m++) { outputDeltaOf(4u * invocation + m); }
  for (var c = 0u; c < 32u; c++) { tileBack0(invocation, c); }
}

// update 784→128, 128→10
enable subgroups;
@group(0) @binding(0) var<storage, read> deltas: array<vec4f>;
@group(0) @binding(1) var<storage, read> activations: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(4) var<storage, read> optimizerScalars: array<vec4f>;
@group(0) @binding(5) var<storage, read> samples: array<u32>;
@group(0) @binding(6) var<storage, read> order: array<u32>;
@group(0) @binding(7) var<storage, read_write> counter: FlaggedCounter;
@group(0) @binding(8) var<uniform> settings: Settings;
@group(0) @binding(9) var deltasAt0: texture_2d<f32>;
@group(0) @binding(10) var nearest: sampler;
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
  let v = fma(vec4f(0.9), moments[index], g);
  moments[index] = v;
  let direction = v;
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

fn swap1(a: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapX(a[0]), quadSwapX(a[1]), quadSwapX(a[2]), quadSwapX(a[3])); }

fn swap2(a: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapY(a[0]), quadSwapY(a[1]), quadSwapY(a[2]), quadSwapY(a[3])); }

fn swap3(a: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapDiagonal(a[0]), quadSwapDiagonal(a[1]), quadSwapDiagonal(a[2]), quadSwapDiagonal(a[3])); }

// SwiftShader takes vectors apart, and would keep what is between two steps of all four components in memory.
fn multiplyAddComponents(sum: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(
    fma(a[0].w, b[3].x, fma(a[0].z, b[2].x, fma(a[0].y, b[1].x, fma(a[0].x, b[0].x, sum[0].x)))),
    fma(a[0].w, b[3].y, fma(a[0].z, b[2].y, fma(a[0].y, b[1].y, fma(a[0].x, b[0].y, sum[0].y)))),
    fma(a[0].w, b[3].z, fma(a[0].z, b[2].z, fma(a[0].y, b[1].z, fma(a[0].x, b[0].z, sum[0].z)))),
    fma(a[0].w, b[3].w, fma(a[0].z, b[2].w, fma(a[0].y, b[1].w, fma(a[0].x, b[0].w, sum[0].w)))),
    fma(a[1].w, b[3].x, fma(a[1].z, b[2].x, fma(a[1].y, b[1].x, fma(a[1].x, b[0].x, sum[1].x)))),
    fma(a[1].w, b[3].y, fma(a[1].z, b[2].y, fma(a[1].y, b[1].y, fma(a[1].x, b[0].y, sum[1].y)))),
    fma(a[1].w, b[3].z, fma(a[1].z, b[2].z, fma(a[1].y, b[1].z, fma(a[1].x, b[0].z, sum[1].z)))),
    fma(a[1].w, b[3].w, fma(a[1].z, b[2].w, fma(a[1].y, b[1].w, fma(a[1].x, b[0].w, sum[1].w)))),
    fma(a[2].w, b[3].x, fma(a[2].z, b[2].x, fma(a[2].y, b[1].x, fma(a[2].x, b[0].x, sum[2].x)))),
    fma(a[2].w, b[3].y, fma(a[2].z, b[2].y, fma(a[2].y, b[1].y, fma(a[2].x, b[0].y, sum[2].y)))),
    fma(a[2].w, b[3].z, fma(a[2].z, b[2].z, fma(a[2].y, b[1].z, fma(a[2].x, b[0].z, sum[2].z)))),
    fma(a[2].w, b[3].w, fma(a[2].z, b[2].w, fma(a[2].y, b[1].w, fma(a[2].x, b[0].w, sum[2].w)))),
    fma(a[3].w, b[3].x, fma(a[3].z, b[2].x, fma(a[3].y, b[1].x, fma(a[3].x, b[0].x, sum[3].x)))),
    fma(a[3].w, b[3].y, fma(a[3].z, b[2].y, fma(a[3].y, b[1].y, fma(a[3].x, b[0].y, sum[3].y)))),
    fma(a[3].w, b[3].z, fma(a[3].z, b[2].z, fma(a[3].y, b[1].z, fma(a[3].x, b[0].z, sum[3].z)))),
    fma(a[3].w, b[3].w, fma(a[3].z, b[2].w, fma(a[3].y, b[1].w, fma(a[3].x, b[0].w, sum[3].w)))),
  );
}
const ROWS40 = 197u;
const COLUMNS40 = 32u;
const K40 = 25u;

fn inputs0(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 196u + (0u + column4);
  return mat4x4f(bytesOf(samples[at.x]), bytesOf(samples[at.y]), bytesOf(samples[at.z]), bytesOf(samples[at.w]));
}

fn delta0(rows: vec4u, column4: u32) -> mat4x4f {
  let x = (f32(column4) + 0.5) * 0.03125f;
  let y = (vec4f(rows) + 0.5) * 0.009999999776482582f;
  return mat4x4f(textureSampleLevel(deltasAt0, nearest, vec2f(x, y.x), 0.0), textureSampleLevel(deltasAt0, nearest, vec2f(x, y.y), 0.0), textureSampleLevel(deltasAt0, nearest, vec2f(x, y.z), 0.0), textureSampleLevel(deltasAt0, nearest, vec2f(x, y.w), 0.0));
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
  let at = 0u + row * 32u + column4;
  finite = applyGradient(at, sum * scale, rate) && finite;
}

fn matmul0(workgroup: u32, lane: u32) {
  let index = (workgroup * 4u + lane) / 4u;
  let own = lane % 4u;
  let row4 = index / 2u * 4u;
  let column4 = (index % 2u * 4u + own) * 4u;
  let rows_0 = rowsOfA0(min(row4 + 0u + own, ROWS40 - 1u));
  var sum_0_0 = mat4x4f();
  var sum_0_1 = mat4x4f();
  var sum_0_2 = mat4x4f();
  var sum_0_3 = mat4x4f();
  var sum_1_0 = mat4x4f();
  var sum_1_1 = mat4x4f();
  var sum_1_2 = mat4x4f();
  var sum_1_3 = mat4x4f();
  var sum_2_0 = mat4x4f();
  var sum_2_1 = mat4x4f();
  var sum_2_2 = mat4x4f();
  var sum_2_3 = mat4x4f();
  var sum_3_0 = mat4x4f();
  var sum_3_1 = mat4x4f();
  var sum_3_2 = mat4x4f();
  var sum_3_3 = mat4x4f();
  for (var turn = 0u; turn < 25u; turn++) {
    let k4_0 = turn * 1u + 0u;
    let steps_0 = stepsOfA0(k4_0);
    let b_0_0 = loadB0(k4_0, min(column4 + 0u, COLUMNS40 - 1u));
    let b_0_1 = loadB0(k4_0, min(column4 + 1u, COLUMNS40 - 1u));
    let b_0_2 = loadB0(k4_0, min(column4 + 2u, COLUMNS40 - 1u));
    let b_0_3 = loadB0(k4_0, min(column4 + 3u, COLUMNS40 - 1u));
    let own_0_0 = loadA0(rows_0, steps_0);
    let a_0_0 = own_0_0;
    sum_0_0 = multiplyAddComponents(sum_0_0, a_0_0, b_0_0);
    sum_0_1 = multiplyAddComponents(sum_0_1, a_0_0, b_0_1);
    sum_0_2 = multiplyAddComponents(sum_0_2, a_0_0, b_0_2);
    sum_0_3 = multiplyAddComponents(sum_0_3, a_0_0, b_0_3);
    let a_0_1 = swap1(own_0_0);
    sum_1_0 = multiplyAddComponents(sum_1_0, a_0_1, b_0_0);
    sum_1_1 = multiplyAddComponents(sum_1_1, a_0_1, b_0_1);
    sum_1_2 = multiplyAddComponents(sum_1_2, a_0_1, b_0_2);
    sum_1_3 = multiplyAddComponents(sum_1_3, a_0_1, b_0_3);
    let a_0_2 = swap2(own_0_0);
    sum_2_0 = multiplyAddComponents(sum_2_0, a_0_2, b_0_0);
    sum_2_1 = multiplyAddComponents(sum_2_1, a_0_2, b_0_1);
    sum_2_2 = multiplyAddComponents(sum_2_2, a_0_2, b_0_2);
    sum_2_3 = multiplyAddComponents(sum_2_3, a_0_2, b_0_3);
    let a_0_3 = swap3(own_0_0);
    sum_3_0 = multiplyAddComponents(sum_3_0, a_0_3, b_0_0);
    sum_3_1 = multiplyAddComponents(sum_3_1, a_0_3, b_0_1);
    sum_3_2 = multiplyAddComponents(sum_3_2, a_0_3, b_0_2);
    sum_3_3 = multiplyAddComponents(sum_3_3, a_0_3, b_0_3);
  }
  var sums = array<vec4f, 64>(sum_0_0[0], sum_0_0[1], sum_0_0[2], sum_0_0[3], sum_0_1[0], sum_0_1[1], sum_0_1[2], sum_0_1[3], sum_0_2[0], sum_0_2[1], sum_0_2[2], sum_0_2[3], sum_0_3[0], sum_0_3[1], sum_0_3[2], sum_0_3[3], sum_1_0[0], sum_1_0[1], sum_1_0[2], sum_1_0[3], sum_1_1[0], sum_1_1[1], sum_1_1[2], sum_1_1[3], sum_1_2[0], sum_1_2[1], sum_1_2[2], sum_1_2[3], sum_1_3[0], sum_1_3[1], sum_1_3[2], sum_1_3[3], sum_2_0[0], sum_2_0[1], sum_2_0[2], sum_2_0[3], sum_2_1[0], sum_2_1[1], sum_2_1[2], sum_2_1[3], sum_2_2[0], sum_2_2[1], sum_2_2[2], sum_2_2[3], sum_2_3[0], sum_2_3[1], sum_2_3[2], sum_2_3[3], sum_3_0[0], sum_3_0[1], sum_3_0[2], sum_3_0[3], sum_3_1[0], sum_3_1[1], sum_3_1[2], sum_3_1[3], sum_3_2[0], sum_3_2[1], sum_3_2[2], sum_3_2[3], sum_3_3[0], sum_3_3[1], sum_3_3[2], sum_3_3[3]);
  for (var i = 0u; i < 64u; i++) {
    let r4 = row4 + ((i / 16u) ^ own);
    let c4 = column4 + i / 4u % 4u;
    if (r4 < ROWS40 && c4 < COLUMNS40) { store0(4u * r4 + i % 4u, c4, sums[i]); }
  }
}
const ROWS41 = 33u;
const COLUMNS41 = 3u;
const K41 = 25u;

fn inputs1(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 32u + (0u + column4);
  return mat4x4f(activations[at.x], activations[at.y], activations[at.z], activations[at.w]);
}

fn delta1(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * 3u + (3200u + column4);
  return mat4x4f(deltas[at.x], deltas[at.y], deltas[at.z], deltas[at.w]);
}

fn rowsOfA1(row4: u32) -> vec4u { return vec4u(row4); }

fn stepsOfA1(k4: u32) -> vec4u { return fourFrom(k4); }

fn loadA1(rows: vec4u, steps: vec4u) -> mat4x4f {
  if (rows.x == 32u) { return mat4x4f(vec4f(1.0), vec4f(), vec4f(), vec4f()); }
  return transpose(inputs1(steps, rows.x));
}

fn loadB1(k4: u32, column4: u32) -> mat4x4f { return delta1(fourFrom(k4), column4); }

fn store1(row: u32, column4: u32, sum: vec4f) {
  if (row > 128u) { return; }
  let scale = 1.0 / f32(batchRows());
  let at = 25120u + row * 3u + column4;
  finite = applyGradient(at, sum * scale, rate) && finite;
}

fn tile1(row4: u32, column4: u32) {
  let rows_0 = rowsOfA1(row4 + 0u);
  var sum_0_0 = mat4x4f();
  for (var k4 = 0u; k4 < K41; k4++) {
    let steps = stepsOfA1(k4);
    let b_0 = loadB1(k4, column4 + 0u);
    let a_0 = loadA1(rows_0, steps);
    sum_0_0 = multiplyAdd(sum_0_0, a_0, b_0);
  }
  var sums = array<vec4f, 4>(sum_0_0[0], sum_0_0[1], sum_0_0[2], sum_0_0[3]);
  for (var i = 0u; i < 4u; i++) {
    let r4 = row4 + i / 4u;
    let c4 = column4 + i / 4u % 1u;
    { store1(4u * r4 + i % 4u, c4, sums[i]); }
  }
}

fn matmul1(workgroup: u32, lane: u32) {
  let index = workgroup * 4u + lane;
  let row4 = index / 3u * 1u;
  let column4 = index % 3u * 1u;
  if (row4 < ROWS41) { tile1(row4, column4); }
}

@compute @workgroup_size(4)

fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let workgroup = id.x;
  let invocation = workgroup * 4u + lane;
  step = counter.next - 1u;
  if (invocation == 0u) { counter.step = step + 1u; }
  rate = scalarsOf(step);
  if (workgroup < 100u) {
    matmul0(workgroup, lane);
  if (!finite) { atomicMax(&counter.nonFinite[0u], ~(settings.stepsBefore + step)); }
  } else {
    matmul1(workgroup - 100u, lane);
  if (!finite) { atomicMax(&counter.nonFinite[1u], ~(settings.stepsBefore + step)); }
  }
}
