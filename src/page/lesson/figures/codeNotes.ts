/** What the lines of the reference implementation compute for the chosen example and neuron. */
import type { Frame } from '../frame.ts';
import { activationsOf } from '../runtime/network.ts';
import { formatNumber } from '../runtime/numbers.tsx';
import type { NeuronChoice } from '../session.ts';
import type { StepPart } from '../worker/stepParts.ts';

/** A value that a line computes. */
export interface LineValue {
  readonly text: string;
  readonly value: number;
}

export interface Note {
  /** Part of the line, which no other line of the listing has. */
  readonly line: string;
  /** The figure that explains it. */
  readonly figure: string;
  /** The line of the shader that computes the same. */
  readonly shader?: RegExp;
  readonly value: (moment: CodeMoment) => LineValue;
}

/** The neuron and the weight that the values are about. */
export interface CodeMoment {
  readonly shown: Frame;
  /** 1 to 3. */
  readonly layer: number;
  readonly output: number;
  /** The input with the largest product. */
  readonly input: number;
  /** A neuron of a hidden layer: the chosen one, or the one of layer 2 with the largest nudge. */
  readonly hidden: NeuronChoice;
  /** Among the neurons of the next layer, the one with the largest wish for it. */
  readonly wishing: number;
  readonly rate: number;
}

export function codeMoment(shown: Frame, chosen: NeuronChoice): CodeMoment {
  const layer = Math.max(1, chosen.layer);
  const output = chosen.layer === 0 ? 0 : chosen.index;
  const { layers } = shown.nudges;
  const { inputs, usedWeights } = layers[layer - 1]!;
  const before = activationsOf(shown, layer - 1);
  const products = before.map((a, i) => a * usedWeights[output * inputs + i]!);
  const hidden =
    layer < 3 ? { layer, index: output } : { layer: 2, index: indexOfLargest(layers[2]!.previous) };
  const { wishes, inputs: width, outputs } = layers[hidden.layer]!;
  const wishing = indexOfLargest(
    Float64Array.from({ length: outputs }, (_, j) => wishes[j * width + hidden.index]!),
  );
  return {
    ...{ shown, layer, output, input: indexOfLargest(products) },
    ...{ hidden, wishing, rate: rateOf(shown) },
  };
}

/** By size, whatever the sign. */
function indexOfLargest(values: Float64Array): number {
  let largest = 0;
  values.forEach((value, i) => {
    if (Math.abs(value) > Math.abs(values[largest]!)) largest = i;
  });
  return largest;
}

function rateOf({ script, step }: Frame): number {
  let { rate } = script;
  for (const change of script.changes) {
    if (change.kind === 'rate' && change.step <= step) ({ rate } = change);
  }
  return rate;
}

const number = formatNumber;
/** In parentheses if negative, as a factor. */
const factor = (value: number): string => (value < 0 ? `(${number(value)})` : number(value));

const one = (text: string, value: number): LineValue => ({
  text: `${text} = ${number(value)}`,
  value,
});
const product = (name: string, a: number, b: number, value = a * b): LineValue => ({
  text: `${name} = ${factor(a)} · ${factor(b)} = ${number(value)}`,
  value,
});

const layerOf = ({ shown, layer }: CodeMoment) => shown.nudges.layers[layer - 1]!;
const biasOf = (at: CodeMoment) => layerOf(at).usedBiases[at.output]!;
const weightOf = (at: CodeMoment) =>
  layerOf(at).usedWeights[at.output * layerOf(at).inputs + at.input]!;
const inputOf = ({ shown, layer, input }: CodeMoment) => activationsOf(shown, layer - 1)[input]!;
/** ∂C/∂z, which is ∂C/∂b and minus the nudge of the bias. */
const deltaOf = (shown: Frame, layer: number, index: number) =>
  0 - shown.nudges.layers[layer - 1]!.biases[index]!;
const gradientOf = (at: CodeMoment) =>
  0 - layerOf(at).weights[at.output * layerOf(at).inputs + at.input]!;
/** The chosen output, or the one that should be 1. */
const outputOf = ({ shown, layer, output }: CodeMoment) =>
  layer === 3 ? output : shown.example.label;

export const notes: Readonly<Record<StepPart | 'backpropagate', readonly Note[]>> = {
  forward: [
    {
      line: 'let sum = biases[j]!;',
      figure: 'avenues',
      shader: /let bias = /,
      value: (at) => one(`b[${at.output}]`, biasOf(at)),
    },
    {
      line: 'sum += weights[j * inputs + i]!',
      figure: 'avenues',
      shader: /sum = multiplyAdd/,
      value: (at) => {
        const { text, value } = product(
          `W[${at.output},${at.input}]·a[${at.input}]`,
          weightOf(at),
          inputOf(at),
        );
        return { text: `${number(layerOf(at).inputs)} products; the largest: ${text}`, value };
      },
    },
    {
      line: 'z[n * outputs + j] = sum;',
      figure: 'avenues',
      shader: /let z = /,
      value: (at) => one(`z[${at.output}]`, layerOf(at).z[at.output]!),
    },
    {
      line: 'a[n * outputs + j] = f(sum);',
      figure: 'network',
      shader: /let a = activate|activations\[.*\] = select/,
      value: (at) => {
        const { z, a } = layerOf(at);
        if (at.layer < 3) return one('f(z)', a[at.output]!);
        // The reference applies the outputs' function in the next part.
        const value = z[at.output]!;
        return { text: `f(z) = z = ${number(value)}; the sigmoid of the outputs follows`, value };
      },
    },
  ],
  outputDelta: [
    {
      line: 'const a = outputActivations(output, z);',
      figure: 'wishes',
      shader: /let a = outputVec4/,
      value: (at) => {
        const j = outputOf(at);
        return one(`a[${j}]`, at.shown.nudges.outputs[j]!.given);
      },
    },
    {
      line: 'result.costs[n] = sampleCost',
      figure: 'cost',
      shader: /return dot\(difference/,
      value: ({ shown }) => one('C', shown.nudges.cost),
    },
    {
      line: 'result.predictions[n] = indexOfLargest(z);',
      figure: 'network',
      shader: /predictionOf\(base\) == label/,
      value: ({ shown }) => one('answer', shown.nudges.prediction),
    },
    {
      line: 'const y = (j: number)',
      figure: 'wishes',
      shader: /select\(vec4f\(\), vec4f\(1\.0\)/,
      value: (at) => {
        const j = outputOf(at);
        return one(`y[${j}]`, at.shown.nudges.outputs[j]!.wanted);
      },
    },
    {
      line: 'const g = a.map',
      figure: 'wishes',
      shader: /let g = 2\.0/,
      value: (at) => {
        const j = outputOf(at);
        const { given, wanted, nudge } = at.shown.nudges.outputs[j]!;
        const value = 0 - nudge;
        return {
          text: `g[${j}] = 2 · (${number(given)} − ${wanted}) = ${number(value)}`,
          value,
        };
      },
    },
    {
      line: 'return g.map((value, j) => value * a[j]! * (1 - a[j]!));',
      figure: 'avenues',
      shader: /return g \* a/,
      value: (at) => {
        const j = outputOf(at);
        const { given, nudge } = at.shown.nudges.outputs[j]!;
        const value = deltaOf(at.shown, 3, j);
        const slope = given * (1 - given);
        return product(`δ[${j}]`, 0 - nudge, slope, value);
      },
    },
  ],
  hiddenDelta: [
    {
      line: 'sum += weights[j * inputs + i]! * layer.delta',
      figure: 'sums',
      shader: /sum = multiplyAdd/,
      value: ({ shown, hidden: { layer, index }, wishing }) => {
        const { usedWeights, inputs, outputs } = shown.nudges.layers[layer]!;
        const { text, value } = product(
          `W[${wishing},${index}]·δ[${wishing}]`,
          usedWeights[wishing * inputs + index]!,
          deltaOf(shown, layer + 1, wishing),
        );
        return { text: `${outputs} products; the largest: ${text}`, value };
      },
    },
    {
      line: 'delta[n * inputs + i] = sum * slope',
      figure: 'backwards',
      shader: /= sum \* slope/,
      value: ({ shown, hidden: { layer, index } }) => {
        const { z, a } = shown.nudges.layers[layer - 1]!;
        const sum = 0 - shown.nudges.layers[layer]!.previous[index]!;
        const slope =
          shown.script.activation === 'relu' ? Number(z[index]! > 0) : a[index]! * (1 - a[index]!);
        return product(`δ[${index}]`, sum, slope, deltaOf(shown, layer, index));
      },
    },
  ],
  weightGradient: [
    {
      line: 'const share = delta',
      figure: 'average',
      shader: /let scale = /,
      value: ({ shown, layer, output }) => {
        const value = deltaOf(shown, layer, output);
        return { text: `δ[${output}] / 1 = ${number(value)}, as one example is the batch`, value };
      },
    },
    {
      line: 'db[j]! += share;',
      figure: 'average',
      shader: /return mat4x4f\(vec4f\(1\.0\)/,
      value: ({ shown, layer, output }) => one(`db[${output}]`, deltaOf(shown, layer, output)),
    },
    {
      line: 'dW[j * inputs + i]! += share',
      figure: 'average',
      shader: /sum = multiplyAdd/,
      value: (at) =>
        product(
          `dW[${at.output},${at.input}]`,
          deltaOf(at.shown, at.layer, at.output),
          inputOf(at),
          gradientOf(at),
        ),
    },
  ],
  update: [
    {
      line: 'parameters[i]! -= learningRate * direction;',
      figure: 'average',
      shader: /let moved = /,
      value: (at) => {
        const [w, g] = [weightOf(at), gradientOf(at)];
        const value = w - at.rate * g;
        return {
          text: `W[${at.output},${at.input}] = ${number(w)} − ${String(at.rate)} · ${factor(g)} = ${number(value)}`,
          value,
        };
      },
    },
  ],
  backpropagate: [
    {
      line: 'const { layers, output } = forwardPass(pass);',
      figure: 'network',
      value: ({ shown }) => one('cost of the example', shown.nudges.cost),
    },
    {
      line: 'const { dW, db } = weightGradient(',
      figure: 'average',
      value: ({ shown }) => one('parts of the gradient', shown.nudges.parameters.length),
    },
    {
      line: 'delta = hiddenDelta({',
      figure: 'backwards',
      value: ({ shown }) => ({
        text: `${shown.nudges.layers
          .map(({ outputs }) => outputs)
          .toReversed()
          .join(' → ')} deltas`,
        value: shown.nudges.layers.length,
      }),
    },
  ],
};
