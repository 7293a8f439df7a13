/** The network with the chosen digit in it, while it learns. */
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber, formatShare, Linked } from '../runtime/numbers.tsx';
import { command, exampleName, frame, hasGpu } from '../session.ts';
import type { Frame } from '../frame.ts';
import { Dot, WeightLine } from '../runtime/arrow.tsx';
import { activationsOf, neuronName } from '../runtime/network.ts';
import { NetworkDrawing } from '../runtime/networkDrawing.tsx';
import { neuronIn, NeuronPicker } from '../runtime/selected.tsx';
import { ExamplePicker } from './examplePicker.tsx';

export const network: FigureModule = { id: 'network', title: 'A network that learns', Body };

function Body({ isShown }: FigureBodyProps) {
  const shown = frame.value;
  return (
    <>
      <Picture
        label="The network 784-16-16-10 with the activations of the chosen digit"
        point={shown ? <Point shown={shown} /> : ''}
        table={() => neuronTable(frame.peek())}
      >
        <div class="network">
          <Language />
          <NetworkDrawing isShown={isShown} />
          <ExamplePicker>{shown && <NeuronPicker neuron={neuronIn(shown)} />}</ExamplePicker>
          <EngineChoice />
          <DataChoice />
        </div>
      </Picture>
      <div class="prose">
        <p>
          This network reads a digit. Its 784 inputs are the pixels of an image. Two hidden layers
          of 16 neurons follow, then 10 outputs, one for each digit. Each line is a weight: the
          wider it is, the larger the weight; <span class="positive">solid blue</span> weights are
          positive, <span class="negative">dashed orange</span> ones negative. With the biases there
          are 13,002 numbers, and they are learning now.
        </p>
        <p>
          {shown ? <Answer shown={shown} /> : 'The first digits are being drawn.'} Choose another
          digit, or draw one. Select a neuron of the first hidden layer to see its 784 weights as an
          image.
        </p>
      </div>
    </>
  );
}

/** What colours and shapes mean in all figures. */
function Language() {
  return (
    <ul class="language small">
      <li>
        <Dot value={0.8} /> activation
      </li>
      <li>
        <WeightLine value={0.6} largest={1} /> weight above 0
      </li>
      <li>
        <WeightLine value={-0.6} largest={1} /> below 0
      </li>
      <li>
        <span class="nudge-sign" aria-hidden="true">
          ▲▼
        </span>{' '}
        nudge: more, less
      </li>
    </ul>
  );
}

function Answer({ shown }: { readonly shown: Frame }) {
  const { prediction, outputs } = shown.nudges;
  const { label } = shown.example;
  return (
    <>
      It answers{' '}
      <Linked to={`neuron 3.${prediction}`}>
        {prediction} with {formatNumber(outputs[prediction]!.given)}
      </Linked>{' '}
      to {exampleName}, which is{' '}
      {prediction === label ? (
        'right.'
      ) : (
        <>
          wrong: it is a <Linked to={`neuron 3.${label}`}>{label}</Linked>.
        </>
      )}
    </>
  );
}

function Point({ shown }: { readonly shown: Frame }) {
  const { test, step, seconds } = shown;
  return (
    <>
      After {formatNumber(step)} steps and {seconds.toFixed(1)} seconds of computing, it reads{' '}
      <strong>{formatShare(test.accuracy)}</strong> of {formatNumber(test.count)} digits that it has
      never seen. The cost is {formatNumber(test.cost)}.
    </>
  );
}

function neuronTable(shown: Frame | undefined) {
  const rows = [1, 2, 3].flatMap((layer) =>
    Array.from(shown ? activationsOf(shown, layer) : [], (value, index) => [
      neuronName({ layer, index }),
      value,
    ]),
  );
  return { head: ['Neuron', 'Activation'], rows };
}

/** Which engine computes; shown if there is a choice. */
function EngineChoice() {
  const shown = frame.value;
  if (!hasGpu.value || !shown) return null;
  return (
    <label class="engine small">
      Computed on{' '}
      <select
        value={shown.backend}
        onChange={(event) =>
          command({ do: 'compute', on: event.currentTarget.value as 'cpu' | 'webgpu' })
        }
      >
        <option value="cpu">the CPU engine</option>
        <option value="webgpu">the GPU</option>
      </select>{' '}
      ({shown.plan}; {formatNumber(shown.samplesPerSecond)} samples per second)
    </label>
  );
}

/** Which samples train the network. */
function DataChoice() {
  const shown = frame.value;
  if (!shown) return null;
  const isMnist = shown.script.data === 'mnist';
  return (
    <p class="engine small">
      Training data: {isMnist ? 'MNIST' : 'digits drawn by this page'}.{' '}
      <label class="link">
        {isMnist ? 'Choose other files' : 'Have MNIST? Choose its four files'}
        <input
          class="hidden-input"
          type="file"
          multiple
          onChange={(event) =>
            command({ do: 'useFiles', files: [...(event.currentTarget.files ?? [])] })
          }
        />
      </label>
      {isMnist && (
        <>
          {' or '}
          <button
            type="button"
            class="plain"
            onClick={() =>
              command({ do: 'restart', script: { ...shown.script, data: 'digits', changes: [] } })
            }
          >
            use the drawn digits again
          </button>
        </>
      )}
      .
    </p>
  );
}
