/** The WGSL of a training step, cut by what it computes. Loaded on demand: the shaders are large. */
import { sgd } from '../../../engine/optimizers.ts';
import { choosePlan } from '../../../gpu/plan/choose.ts';
import { trainingStep } from '../../../gpu/step.ts';
import { presets } from '../../../network/presets.ts';
import { wgslFunctions } from '../runtime/source.ts';
import type { Script } from '../moment.ts';
import type { StepPart, StepShader } from './stepParts.ts';
import { firstNetwork } from './firstNetwork.ts';

/** What a plan depends on: a GPU, not software that computes shaders. */
const hardware = { isSoftware: false, subgroupSize: 0 } as const;

/** @param layer of the shown neuron: 1 is the first hidden layer, 3 the outputs */
export function stepShader(activation: Script['activation'], layer: number): StepShader {
  const network = firstNetwork({ seed: 1, activation });
  const { batchSize, learningRate } = presets.lecture;
  const plan = choosePlan(network, batchSize, hardware);
  const kernels = trainingStep(network, plan, sgd({ learningRate }));
  const [passes, update] = [kernels.slice(0, -1), kernels.at(-1)!];
  const weights = layer - 1;
  // In the kernel, the last hidden layer is the first to be computed.
  const back = 2 - Math.min(layer, 2);
  const names: Readonly<Record<StepPart, readonly string[]>> = {
    forward: [`storeForward${weights}`, 'activate', `tileForward${weights}`, 'multiplyAdd'],
    outputDelta: ['outputDeltaOf', 'oneHot', 'costVec4', 'deltaVec4', 'outputVec4', 'predictionOf'],
    hiddenDelta: [`storeBack${back}`, 'slope', `tileBack${back}`, `loadBBack${back}`],
    weightGradient: [`store${weights}`, `loadA${weights}`, `tile${weights}`, `loadB${weights}`],
    update: ['applyGradient', 'isFinite'],
  };
  const inPasses = wgslFunctions(passes.map(({ code }) => code).join('\n'));
  const inUpdate = wgslFunctions(update.code);
  const code = (part: StepPart): string => {
    const functions = part === 'weightGradient' || part === 'update' ? inUpdate : inPasses;
    return names[part].map((name) => find(functions, name)).join('\n\n');
  };
  return {
    kernels: kernels.map(({ label, workgroups: [x, y] }) => ({ label, workgroups: x * y })),
    lineCount: kernels.reduce((sum, kernel) => sum + kernel.code.trim().split('\n').length, 0),
    parts: {
      forward: code('forward'),
      outputDelta: code('outputDelta'),
      hiddenDelta: code('hiddenDelta'),
      weightGradient: code('weightGradient'),
      update: code('update'),
    },
  };
}

/** A function by its name, or the one with the name of the activation behind it: 'activateSigmoid'. */
function find(functions: ReadonlyMap<string, string>, name: string): string {
  for (const [key, text] of functions) {
    if (key === name || (/^(activate|slope)$/.test(name) && key.startsWith(name))) {
      // Templates leave empty lines.
      return text.replace(/\n{2,}/g, '\n');
    }
  }
  throw new RangeError(`The step has no function '${name}'.`);
}
