/** The lecture's network, for views: where its neurons and weights are, and what they are called. */
import type { Frame } from '../frame.ts';
import type { NeuronChoice } from '../session.ts';

/** The image, two hidden layers, the outputs. */
export const layerSizes = [784, 16, 16, 10] as const;

/** The activations of a layer: 0 is the image, 3 the outputs. */
export function activationsOf({ nudges, example }: Frame, layer: number): Float64Array {
  return layer === 0
    ? Float64Array.from(example.pixels, (byte) => byte / 255)
    : nudges.layers[layer - 1]!.a;
}

/** For `highlight`: 'neuron 3.2'. */
export const neuronKey = ({ layer, index }: NeuronChoice): string => `neuron ${layer}.${index}`;

/** 'output 2', 'neuron 5 of the first hidden layer', 'pixel in row 3, column 9'. All count from 0. */
export function neuronName({ layer, index }: NeuronChoice): string {
  switch (layer) {
    case 0:
      return `pixel in row ${Math.floor(index / 28)}, column ${index % 28}`;
    case 1:
      return `neuron ${index} of the first hidden layer`;
    case 2:
      return `neuron ${index} of the second hidden layer`;
    default:
      return `output ${index}`;
  }
}
