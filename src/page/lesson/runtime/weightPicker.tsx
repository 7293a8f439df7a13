/** Chooses one of the two weights by its ends. */
import './weightPicker.css';
import type { ComponentChildren } from 'preact';

import { ask, frame, selection, type WeightChoice } from '../session.ts';
import { layerSizes, neuronName } from './network.ts';
import { chooseWeight, slotNames, type Slot } from './weights.ts';

export function Letter({ slot }: { readonly slot: Slot }) {
  return <span class={slot === 0 ? 'letter' : 'letter is-b'}>{slotNames[slot]}</span>;
}

interface PickerProps {
  /** The figure's id, for ids that are unique on the page. */
  readonly figure: string;
  readonly slot: Slot;
  readonly legend: string;
  readonly children?: ComponentChildren;
}

const ends = [1, 2, 3] as const;

export function WeightPicker({ figure, slot, legend, children }: PickerProps) {
  const weight = selection.value.weights[slot];
  const choose = (changed: Partial<WeightChoice>) => {
    const next = { ...weight, ...changed };
    const last = layerSizes[next.layer]! - 1;
    // Another layer may not have this input.
    chooseWeight(slot, { ...next, input: Math.min(next.input, last) });
  };
  const propose = async (which: 'mostSensitive' | 'middle') =>
    chooseWeight(slot, (await ask('proposeWeights', {}))[which]);
  return (
    <fieldset class="weight-picker">
      <legend>
        <Letter slot={slot} /> {legend}
      </legend>
      <div class="ends">
        <label for={`${figure}-to-${slot}`}>To</label>
        <select
          id={`${figure}-to-${slot}`}
          value={`${weight.layer}.${weight.output}`}
          onChange={(event) => {
            const [layer, output] = event.currentTarget.value.split('.').map(Number);
            choose({ layer: layer!, output: output! });
          }}
        >
          {ends.map((end) => (
            <optgroup label={['First hidden layer', 'Second hidden layer', 'Outputs'][end - 1]}>
              {Array.from({ length: layerSizes[end] }, (_, index) => (
                <option value={`${end - 1}.${index}`}>{neuronName({ layer: end, index })}</option>
              ))}
            </optgroup>
          ))}
        </select>
        <label for={`${figure}-from-${slot}`}>From</label>
        <select
          id={`${figure}-from-${slot}`}
          value={weight.input}
          onChange={(event) => choose({ input: Number(event.currentTarget.value) })}
        >
          {inputsOf(weight).map((index) => (
            <option value={index}>{neuronName({ layer: weight.layer, index })}</option>
          ))}
        </select>
      </div>
      <div class="buttons">
        <button type="button" class="small-button" onClick={() => void propose('mostSensitive')}>
          Most sensitive
        </button>
        <button type="button" class="small-button" onClick={() => void propose('middle')}>
          From the middle
        </button>
      </div>
      {children}
    </fieldset>
  );
}

/** All inputs of a layer; of the image the pixels with ink, and the chosen one. */
function inputsOf({ layer, input }: WeightChoice): number[] {
  const pixels = frame.value?.example.pixels;
  return [...Array(layerSizes[layer]).keys()].filter(
    (index) => layer > 0 || index === input || (pixels?.[index] ?? 0) > 0,
  );
}
