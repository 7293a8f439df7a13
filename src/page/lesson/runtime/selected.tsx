/** The neuron that the reader has selected, and the frame of a figure that may be out of view. */
import { effect, signal, type ReadonlySignal } from '@preact/signals';

import type { Frame } from '../frame.ts';
import { frame, selection, type NeuronChoice } from '../session.ts';
import { layerSizes } from './network.ts';

/** Numbers that change more often cannot be read, and drawing them takes time from the run. */
const calmMs = 200;

/** The frame, at most five times a second while the network learns, and at once when it does not. */
export const calmFrame = signal(frame.peek());
let shownAt = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const next = frame.value;
  clearTimeout(timer);
  const show = () => {
    shownAt = performance.now();
    calmFrame.value = next;
  };
  const wait = next?.isPlaying === true ? shownAt + calmMs - performance.now() : 0;
  if (wait <= 0) show();
  else timer = setTimeout(show, wait);
});

/** The frame to show: while the figure is out of view, the one that it has shown last. */
export function frameIn(isShown: ReadonlySignal<boolean>): Frame | undefined {
  return isShown.value || !calmFrame.peek() ? calmFrame.value : calmFrame.peek();
}

export function selectNeuron(neuron: NeuronChoice): void {
  selection.value = { ...selection.peek(), neuron };
}

/** The selected neuron; the label's output while a pixel is selected, since a pixel has no nudge to follow. */
export function neuronIn({ example }: Frame): NeuronChoice {
  const { neuron } = selection.value;
  return neuron.layer === 0 ? { layer: 3, index: example.label } : neuron;
}

export const isSame = (a: NeuronChoice, b: NeuronChoice): boolean =>
  a.layer === b.layer && a.index === b.index;

// The label's output is selected until the reader selects another neuron: it follows the label of the example.
let label = new URLSearchParams(location.hash.slice(1)).has('neuron') ? undefined : 2;
effect(() => {
  const next = frame.value?.example.label;
  if (next === undefined) return;
  const { neuron } = selection.peek();
  if (neuron.layer === 3 && neuron.index === label && label !== next) {
    selectNeuron({ layer: 3, index: next });
  }
  label = next;
});

const layers = [
  { layer: 3, name: 'Output', group: 'Outputs' },
  { layer: 2, name: 'Second hidden layer, neuron', group: 'Second hidden layer' },
  { layer: 1, name: 'First hidden layer, neuron', group: 'First hidden layer' },
];

/** Selects any neuron by name. */
export function NeuronPicker({ neuron }: { readonly neuron: NeuronChoice }) {
  return (
    <label class="neuron-picker">
      Neuron
      <select
        value={`${neuron.layer}.${neuron.index}`}
        onChange={(event) => {
          const [layer, index] = event.currentTarget.value.split('.').map(Number);
          selectNeuron({ layer: layer!, index: index! });
        }}
      >
        {layers.map(({ layer, name, group }) => (
          <optgroup key={layer} label={group}>
            {Array.from({ length: layerSizes[layer]! }, (_, index) => (
              <option key={index} value={`${layer}.${index}`}>
                {name} {index}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
