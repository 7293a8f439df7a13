/**
 * Where each weight and bias stands in the one flat float32 array that holds a network's parameters.
 *
 * The order is PyTorch's: layer after layer, the weight of `nn.Linear` as [out, in] row-major, then
 * its bias as [out]. This is the public and the saved layout; engines may keep any other inside.
 */

/** One dense layer's place in the parameter array; offsets and sizes count float32 elements. */
export interface LayerParameters {
  readonly weightName: string;
  readonly biasName: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly weightOffset: number;
  readonly biasOffset: number;
}

/**
 * The layers joining `sizes[l]` to `sizes[l + 1]`.
 * @param sizes layer sizes, input first, for example [784, 16, 16, 10]
 */
export function parameterLayout(sizes: readonly number[]): readonly LayerParameters[] {
  const layers: LayerParameters[] = [];
  let offset = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const inputs = sizes[l]!;
    const outputs = sizes[l + 1]!;
    const biasOffset = offset + inputs * outputs;
    layers.push({
      weightName: `layers.${l}.weight`,
      biasName: `layers.${l}.bias`,
      inputs,
      outputs,
      weightOffset: offset,
      biasOffset,
    });
    offset = biasOffset + outputs;
  }
  return layers;
}

/** How many weights and biases a network of these layer sizes has: 13,002 for [784, 16, 16, 10]. */
export function countParameters(sizes: readonly number[]): number {
  return parameterLayout(sizes).reduce(
    (count, { inputs, outputs }) => count + (inputs + 1) * outputs,
    0,
  );
}
