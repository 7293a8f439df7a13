/** The gradient of the chosen digit as 13,002 numbers: ranked, and drawn onto the network. Two of them are compared. */
import './sensitivity.css';
import { useMemo } from 'preact/hooks';

import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { neuronKey, neuronName } from '../runtime/network.ts';
import { formatNumber, formatShare, formatSigned, Linked } from '../runtime/numbers.tsx';
import { Value } from '../runtime/value.tsx';
import { Letter, WeightPicker } from '../runtime/weightPicker.tsx';
import {
  nextSlot,
  slotNames,
  slots,
  useProposedWeights,
  weightAt,
  weightKey,
  weightName,
  type Slot,
} from '../runtime/weights.ts';
import { exampleName, liveAnswer, selection, type NeuronChoice } from '../session.ts';
import type { NeuronState, Sensitivities } from '../worker/sensitivity.ts';
import { arrow, NetworkOfNudges } from './sensitivityNetwork.tsx';
import { formatTimes, Ranking } from './sensitivityRanking.tsx';

export const sensitivity: FigureModule = {
  id: 'sensitivity',
  title: 'Which numbers matter most',
  Body,
};

function Body({ isShown }: FigureBodyProps) {
  useProposedWeights(isShown);
  const answer = useMemo(
    () => liveAnswer('sensitivities', isShown, () => ({ weights: selection.value.weights })),
    [],
  );
  const now = answer.value;
  return (
    <>
      <div class="prose">
        <p>
          The cost depends on 13,002 weights and biases. For each of them you can ask: if it grows a
          little, how fast does the cost change? The 13,002 answers in one list are the{' '}
          <em>gradient</em>. Its sign says in which direction to turn a number. Its size says how
          much that matters.
        </p>
      </div>
      <Picture
        label="How sensitive the cost of the chosen digit is to each weight"
        point={now ? <Point {...now} /> : ''}
        table={() => rankTable(answer.peek())}
      >
        <NetworkOfNudges isShown={isShown} answer={answer} />
        <Ranking isShown={isShown} answer={answer} />
        <div class="weight-pickers">
          {slots.map((slot) => (
            <WeightPicker
              figure="sensitivity"
              key={slot}
              slot={slot}
              legend={slot === 0 ? 'One weight' : 'Another weight'}
            >
              {now && <ChosenNumbers slot={slot} now={now} />}
            </WeightPicker>
          ))}
        </div>
        <p class="small">
          Click a line, a pixel of the map or a place on the curve to choose{' '}
          <strong>{slotNames[nextSlot.value]}</strong>. The 42 biases have their places on the curve
          too.
        </p>
      </Picture>
      <div class="prose between">
        {now && <Zeros {...now} />}
        {now && <Stopped {...now} />}
      </div>
    </>
  );
}

function Point({ times, chosen: [a, b] }: Sensitivities) {
  // The sentence begins with the more sensitive one.
  const [high, low] =
    Math.abs(a.nudge) >= Math.abs(b.nudge) ? ([0, 1] as const) : ([1, 0] as const);
  const weights = [a, b];
  const ratio = times >= 1 ? times : 1 / times;
  const isFinite = Number.isFinite(ratio);
  return (
    <>
      For {exampleName}, the cost is{' '}
      {isFinite ? (
        <>
          <strong>
            <Value name="sensitivity-times" value={ratio} format={formatTimes} /> times
          </strong>{' '}
          more sensitive
        </>
      ) : (
        <strong>sensitive only</strong>
      )}{' '}
      to the weight{' '}
      <Linked to={weightKey(weights[high]!)}>
        <Letter slot={high} /> {weightName(weights[high]!)}
      </Linked>{' '}
      {isFinite ? 'than to' : 'and not at all to'} the weight{' '}
      <Linked to={weightKey(weights[low]!)}>
        <Letter slot={low} /> {weightName(weights[low]!)}
      </Linked>
      .
    </>
  );
}

/** '32', '1.4', '2,140'. */
function ChosenNumbers({ slot, now }: { readonly slot: Slot; readonly now: Sensitivities }) {
  const { weight, nudge, rank } = now.chosen[slot];
  return (
    <dl class="chosen-numbers">
      <div>
        <dt>Weight</dt>
        <dd>
          <Value name={`sensitivity-weight-${slot}`} value={weight} format={formatSigned} />
        </dd>
      </div>
      <div>
        <dt>Nudge</dt>
        <dd class="nudge">
          {arrow(nudge)}{' '}
          <Value name={`sensitivity-nudge-${slot}`} value={nudge} format={formatSigned} />
        </dd>
      </div>
      <div>
        <dt>Place</dt>
        <dd>{nudge === 0 ? 'no effect' : `${formatNumber(rank)} of 13,002`}</dd>
      </div>
    </dl>
  );
}

function Zeros({ zeros }: Sensitivities) {
  return (
    <p>
      <Value name="sensitivity-zeros" value={zeros} /> of the 13,002 numbers are exactly 0
      {zeros > 1000 ? (
        <>
          . Most of them are weights of pixels without ink: whatever such a weight is, it is
          multiplied by 0. That is why the map of a first-layer neuron looks like the digit.
        </>
      ) : (
        '.'
      )}{' '}
      A step of learning changes each number in proportion to its sensitivity, so it changes most
      what pays most.
    </p>
  );
}

const stateWords = {
  dead: 'dead',
  saturated: 'saturated',
  flat: 'flat for this digit',
  works: '',
} as const;

/** Neurons through which hardly any nudge gets. */
function Stopped({ neurons, looked }: Sensitivities) {
  const all = flagged(neurons);
  const always = all.filter(({ state }) => state === 'dead' || state === 'saturated');
  const named = (always.length > 0 ? always : all)
    .toSorted((a, b) => a.slope - b.slope)
    .slice(0, 3);
  if (all.length === 0) return <p>No neuron is dead or saturated now.</p>;
  return (
    <>
      <p>
        A nudge passes through a neuron in proportion to the slope of its activation. For this digit
        the slope of{' '}
        <strong>
          <Value name="sensitivity-flat" value={all.length} /> of 42 neurons
        </strong>{' '}
        is below a twentieth of the steepest (dashed ring): the weights before them hardly matter
        now, even if they are wrong.{' '}
        {always.length > 0 && (
          <>
            <Value name="sensitivity-stopped" value={always.length} /> hidden{' '}
            {always.length === 1 ? 'neuron is' : 'neurons are'} like that for nearly every digit
            (crossed).
          </>
        )}
      </p>
      <ul class="stopped">
        {named.map((one) => (
          <li key={neuronKey(one)}>
            <Linked to={neuronKey(one)}>{sentenceStart(neuronName(one))}</Linked>{' '}
            {reason(one, looked)}
          </li>
        ))}
      </ul>
    </>
  );
}

const sentenceStart = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

type Flagged = NeuronChoice & NeuronState;

const flagged = (neurons: Sensitivities['neurons']): Flagged[] =>
  neurons.flatMap((states, l) =>
    states
      .map((state, index) => ({ ...state, layer: l + 1, index }))
      .filter(({ state }) => state !== 'works'),
  );

/** '0.02 %'. */
const percent = (share: number): string => `${formatNumber(100 * share)} %`;

function reason({ state, slope, flat }: Flagged, looked: number): string {
  switch (state) {
    case 'dead':
      return `is dead: it is active for none of ${looked} test digits, so no nudge reaches its weights.`;
    case 'saturated':
      return `is saturated for ${formatShare(flat)} of ${looked} test digits; here its slope is ${percent(slope)} of the steepest.`;
    case 'flat':
    case 'works':
      return `has ${percent(slope)} of the steepest slope for this digit.`;
  }
}

function rankTable(now: Sensitivities | undefined) {
  const rows = [...(now?.order ?? [])]
    .map((place, n) => ({ weight: weightAt(place), place, n }))
    .filter(({ weight }) => weight !== undefined)
    .slice(0, 40)
    .map(({ weight, place, n }) => [
      ...[n + 1, weightName(weight!), formatSigned(now!.nudges[place]!)],
    ]);
  const states = now ? flagged(now.neurons) : [];
  return {
    head: ['Place', 'Weight', 'Nudge'],
    rows: [
      ...rows,
      ...states.map((one) => [
        ...[neuronName(one), stateWords[one.state], `slope ${percent(one.slope)}`],
      ]),
    ],
  };
}
