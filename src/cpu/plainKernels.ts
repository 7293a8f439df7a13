/**
 * The inner loops of the CPU engine, one dense layer each, float32 in memory.
 *
 * Weights stand transposed, [inputs, outputs], so that every innermost loop walks the outputs through
 * contiguous memory. Four rows are added at a time, which saves three of four loads and stores
 * of the sum. Inputs that are 0 are left out: four of five pixels of a digit are, and half of
 * all ReLUs. JavaScript computes in float64 and rounds when a sum is stored.
 */

/** One layer's parameters and gradient, and the values of the chunk being computed. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs] */
  readonly weights: Float32Array;
  readonly weightGradient: Float32Array;
  /** [outputs] */
  readonly biases: Float32Array;
  readonly biasGradient: Float32Array;
  /** [chunk, outputs], the chunk a multiple of 4 samples. */
  readonly z: Float32Array;
  readonly a: Float32Array;
  readonly delta: Float32Array;
}

export function createLayer(inputs: number, outputs: number, chunk: number): DenseLayer {
  return {
    inputs,
    outputs,
    weights: new Float32Array(inputs * outputs),
    weightGradient: new Float32Array(inputs * outputs),
    biases: new Float32Array(outputs),
    biasGradient: new Float32Array(outputs),
    z: new Float32Array(chunk * outputs),
    a: new Float32Array(chunk * outputs),
    delta: new Float32Array(chunk * outputs),
  };
}

/**
 * z[n,j] = b[j] + Σᵢ a[n,i]·W[i,j]
 * @param a activations of the layer before, [size, inputs]
 * @param found room for the indices of a row's inputs that are not 0, [inputs]
 */
export function forward(
  layer: DenseLayer,
  a: Float32Array,
  size: number,
  found: Uint32Array,
): void {
  const { inputs, outputs, weights, biases, z } = layer;
  for (let n = 0; n < size; n++) {
    const row = n * inputs;
    const out = n * outputs;
    let count = 0;
    for (let i = 0; i < inputs; i++) if (a[row + i] !== 0) found[count++] = i;
    for (let j = 0; j < outputs; j++) z[out + j] = biases[j]!;
    let k = 0;
    for (; k + 4 <= count; k += 4) {
      const i0 = found[k]!;
      const i1 = found[k + 1]!;
      const i2 = found[k + 2]!;
      const i3 = found[k + 3]!;
      const a0 = a[row + i0]!;
      const a1 = a[row + i1]!;
      const a2 = a[row + i2]!;
      const a3 = a[row + i3]!;
      const w0 = i0 * outputs;
      const w1 = i1 * outputs;
      const w2 = i2 * outputs;
      const w3 = i3 * outputs;
      for (let j = 0; j < outputs; j++) {
        z[out + j]! +=
          a0 * weights[w0 + j]! +
          a1 * weights[w1 + j]! +
          a2 * weights[w2 + j]! +
          a3 * weights[w3 + j]!;
      }
    }
    for (; k < count; k++) {
      const i = found[k]!;
      const value = a[row + i]!;
      for (let j = 0; j < outputs; j++) z[out + j]! += value * weights[i * outputs + j]!;
    }
  }
}

/**
 * (Σⱼ W[i,j]·delta[n,j]) of this layer, to be multiplied with the slope of the layer before.
 * @param sums [size, inputs]
 */
export function backward(layer: DenseLayer, size: number, sums: Float32Array): void {
  const { inputs, outputs, weights, delta } = layer;
  for (let n = 0; n < size; n++) {
    const out = n * outputs;
    for (let i = 0; i < inputs; i++) {
      const w = i * outputs;
      let sum = 0;
      for (let j = 0; j < outputs; j++) sum += weights[w + j]! * delta[out + j]!;
      sums[n * inputs + i] = sum;
    }
  }
}

/**
 * dW[i,j] += Σₙ a[n,i]·delta[n,j] and db[j] += Σₙ delta[n,j], not yet divided by the batch size.
 * Samples go four at a time; a last group is filled up with samples that ask for nothing.
 * @param a activations of the layer before, [size, inputs]
 */
export function addGradient(layer: DenseLayer, a: Float32Array, size: number): void {
  const { inputs, outputs, weightGradient, biasGradient, delta } = layer;
  for (let n = 0; n < size; n++) {
    for (let j = 0; j < outputs; j++) biasGradient[j]! += delta[n * outputs + j]!;
  }
  delta.fill(0, size * outputs, Math.ceil(size / 4) * 4 * outputs);
  for (let n = 0; n < size; n += 4) {
    const d0 = n * outputs;
    const d1 = d0 + outputs;
    const d2 = d1 + outputs;
    const d3 = d2 + outputs;
    const row0 = n * inputs;
    const row1 = row0 + inputs;
    const row2 = row1 + inputs;
    const row3 = row2 + inputs;
    for (let i = 0; i < inputs; i++) {
      const a0 = a[row0 + i]!;
      const a1 = a[row1 + i]!;
      const a2 = a[row2 + i]!;
      const a3 = a[row3 + i]!;
      if (a0 === 0 && a1 === 0 && a2 === 0 && a3 === 0) continue;
      const w = i * outputs;
      for (let j = 0; j < outputs; j++) {
        weightGradient[w + j]! +=
          a0 * delta[d0 + j]! + a1 * delta[d1 + j]! + a2 * delta[d2 + j]! + a3 * delta[d3 + j]!;
      }
    }
  }
}
