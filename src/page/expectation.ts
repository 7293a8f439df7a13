/** What pressing the button will do, and for how long, said before anybody presses it. */
import { countParameters } from '../network/parameters.ts';
import { presets, type PresetName } from '../network/presets.ts';
import { listOf } from './sentences.ts';

export interface Plan {
  readonly presets: readonly PresetName[];
  readonly epochs: number;
  readonly trainingCount: number;
  readonly gpu: 'hardware' | 'software' | 'none';
}

/** 'Two neural networks, “lecture” and “modern”, learn to read handwritten digits: each first on your CPU, …'. */
export function planSentence(plan: Plan): string {
  const names = plan.presets;
  const what =
    names.length === 1
      ? `A neural network, ${listOf(names)}, learns`
      : `${numerals[names.length] ?? names.length} neural networks, ${listOf(names)}, learn`;
  const where =
    plan.gpu !== 'none'
      ? 'each first on your CPU, then on your GPU, from the same start'
      : 'on your CPU, as there is no WebGPU here';
  return `${what} to read handwritten digits: ${where}.`;
}

const numerals: Readonly<Record<number, string>> = { 2: 'Two', 3: 'Three', 4: 'Four' };

/** Floating-point operations a weight or bias takes for a sample: forward, backward and update, two each. */
const operationsAParameter = 6;
/**
 * Some operations a second, some time for each sample whatever its network, and some for each network: the CPU engine on
 * one core of 2020, and a software adapter on two, which compiles for seconds. Within a factor of two or so of what it
 * will be, which is what "about" means here.
 */
const rates = {
  cpu: { operationsPerSecond: 6e10, secondsASample: 1e-6, secondsANetwork: 0 },
  software: { operationsPerSecond: 3e9, secondsASample: 2e-5, secondsANetwork: 3 },
} as const;

/** Seconds that the whole run will take, roughly. A GPU in hardware is counted as fast as the CPU. */
export function expectedSeconds({ presets: names, epochs, trainingCount, gpu }: Plan): number {
  const secondsOn = (on: keyof typeof rates) =>
    names.reduce((sum, name) => {
      const { operationsPerSecond, secondsASample, secondsANetwork } = rates[on];
      const parameters = countParameters(presets[name].network.layers);
      const aSample = secondsASample + (operationsAParameter * parameters) / operationsPerSecond;
      return sum + secondsANetwork + epochs * trainingCount * aSample;
    }, 0);
  const onCpu = secondsOn('cpu');
  if (gpu === 'none') return onCpu;
  return onCpu + (gpu === 'software' ? secondsOn('software') : onCpu);
}
