/** The example and the network of a course in the forms that the engine and the reference take. */
import { createDataset, type Dataset } from '../../../data/dataset.ts';
import { presets } from '../../../network/presets.ts';
import type { NetworkShape } from '../../../reference/backpropagation.ts';
import type { Script } from '../moment.ts';

interface WithExample {
  readonly example: { readonly pixels: Uint8Array; readonly label: number };
}

/** The chosen example as a dataset of one sample. */
export function exampleOf({ example: { pixels, label } }: WithExample): Dataset {
  return createDataset({
    ...{ name: 'the example', featureCount: pixels.length, classCount: 10 },
    features: pixels,
    labels: [label],
  });
}

export function shapeOf({ script }: { readonly script: Script }): NetworkShape {
  const { layers, output, cost } = presets.lecture.network;
  return { layers, activation: script.activation, output, cost };
}
