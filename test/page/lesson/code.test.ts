/** The listing: its lines are in the program, its values are those of float64, its shader lines exist. */
import { signal } from '@preact/signals';
import { describe, expect, it, vi } from 'vitest';

import type { CodeMoment } from '../../../src/page/lesson/figures/codeNotes.ts';
import { firstScript } from '../../../src/page/lesson/moment.ts';
import type { Frame } from '../../../src/page/lesson/frame.ts';
import { partOfSource, wgslFunctions } from '../../../src/page/lesson/runtime/source.ts';
import { stepParts } from '../../../src/page/lesson/worker/stepParts.ts';
import { firstNetwork } from '../../../src/page/lesson/worker/firstNetwork.ts';
import { stepShader } from '../../../src/page/lesson/worker/stepShader.ts';
import { parameterLayout } from '../../../src/network/parameters.ts';
import { backpropagate } from '../../../src/reference/backpropagation.ts';
import { sampleNudges } from '../../../src/reference/nudges.ts';

// The page's own state starts a worker.
vi.mock('../../../src/page/lesson/session.ts', () => ({
  ...{ frame: signal(undefined), highlight: signal(undefined), problem: signal('') },
  ...{ selection: signal(undefined), exampleName: signal(''), ask: vi.fn() },
}));
const { codeMoment, notes } = await import('../../../src/page/lesson/figures/codeNotes.ts');
const { listings } = await import('../../../src/page/lesson/figures/codeListing.tsx');

const pixels = Uint8Array.from({ length: 784 }, (_, i) => (i * 37) % 256);
const label = 2;

function momentOf(activation: 'sigmoid' | 'relu', layer: number, index: number) {
  const network = firstNetwork({ seed: 4, activation });
  const features = Float64Array.from(pixels, (byte) => byte / 255);
  const nudges = { ...sampleNudges(network, features, label), step: 0 };
  const shown = {
    ...{ script: { ...firstScript, activation }, step: 0, nudges },
    example: { kind: 'test', index: 0, pixels, label },
  } as unknown as Frame;
  const pass = { network, features, labels: [label] };
  const gradientOf = (parameters: Float32Array | Float64Array) =>
    backpropagate({ ...pass, parameters });
  return { network, at: codeMoment(shown, { layer, index }), gradientOf };
}

const valueOf = (part: keyof typeof notes, n: number, at: CodeMoment) =>
  notes[part][n]!.value(at).value;

describe('the listing', () => {
  it.each(listings.map(({ id, lines }) => ({ id, lines })))(
    'has each line with a value once: $id',
    ({ id, lines }) => {
      expect(notes[id].length).toBeGreaterThan(0);
      for (const { line } of notes[id]) {
        expect(lines.filter((text) => text.includes(line))).toHaveLength(1);
      }
    },
  );

  it.each([
    ['sigmoid', 1, 7],
    ['sigmoid', 2, 3],
    ['sigmoid', 3, 5],
    ['relu', 2, 3],
  ] as const)('shows the values of the reference: %s, layer %i', (activation, layer, index) => {
    const { network, at, gradientOf } = momentOf(activation, layer, index);
    const { layers, gradient, cost, predictions } = gradientOf(network.parameters);
    const { weightOffset, biasOffset, inputs } = parameterLayout(network.layers)[layer - 1]!;
    const of = layers[layer - 1]!;
    expect(valueOf('forward', 0, at)).toBe(network.parameters[biasOffset + index]);
    expect(valueOf('forward', 2, at)).toBeCloseTo(of.z[index]!, 12);
    expect(valueOf('forward', 3, at)).toBeCloseTo((layer === 3 ? of.z : of.a)[index]!, 12);
    expect(valueOf('outputDelta', 1, at)).toBeCloseTo(cost, 12);
    expect(valueOf('outputDelta', 2, at)).toBe(predictions[0]);
    const output = layer === 3 ? index : label;
    expect(valueOf('outputDelta', 5, at)).toBeCloseTo(layers[2]!.delta[output]!, 12);
    const { hidden } = at;
    expect(valueOf('hiddenDelta', 1, at)).toBeCloseTo(
      layers[hidden.layer - 1]!.delta[hidden.index]!,
      12,
    );
    expect(valueOf('weightGradient', 1, at)).toBeCloseTo(gradient[biasOffset + index]!, 12);
    const weight = weightOffset + index * inputs + at.input;
    expect(valueOf('weightGradient', 2, at)).toBeCloseTo(gradient[weight]!, 12);
    const moved = network.parameters[weight]! - firstScript.rate * gradient[weight]!;
    expect(valueOf('update', 0, at)).toBeCloseTo(moved, 12);
  });

  it('shows the slope of the cost as the gradient of a weight', () => {
    const { network, at, gradientOf } = momentOf('sigmoid', 2, 3);
    const { weightOffset, inputs } = parameterLayout(network.layers)[1]!;
    const weight = weightOffset + 3 * inputs + at.input;
    const costAt = (change: number) => {
      const parameters = Float64Array.from(network.parameters);
      parameters[weight]! += change;
      return gradientOf(parameters).cost;
    };
    const slope = (costAt(1e-5) - costAt(-1e-5)) / 2e-5;
    expect(valueOf('weightGradient', 2, at)).toBeCloseTo(slope, 8);
  });
});

describe('the shader beside it', () => {
  it.each([
    ['sigmoid', 1],
    ['sigmoid', 2],
    ['sigmoid', 3],
    ['relu', 1],
  ] as const)('has a line for each line with a value: %s, layer %i', (activation, layer) => {
    const { parts, kernels } = stepShader(activation, layer);
    expect(kernels.length).toBeGreaterThan(0);
    for (const part of stepParts) {
      const lines = parts[part].split('\n');
      for (const { shader, line } of notes[part]) {
        expect(lines.some((text) => shader!.test(text)) ? line : `missing: ${line}`).toBe(line);
      }
    }
  });
});

describe('a part of a source', () => {
  it('ends where its block closes', () => {
    const text = [
      ...['class A {', '  one(x: {', '    y: number;', '  }): number {', '    if (x) {'],
      ...['    }', '    return 1;', '  }', '', '  two() {}', '}'],
    ].join('\n');
    expect(partOfSource(text, 'one(')).toEqual([
      ...['one(x: {', '  y: number;', '}): number {', '  if (x) {', '  }', '  return 1;', '}'],
    ]);
    expect(() => partOfSource(text, 'three(')).toThrow(RangeError);
  });

  it('of WGSL is a function', () => {
    const code =
      'const a = 1;\nfn one() -> u32 { return 1u; }\nfn two() {\n  one();\n}\nvar x: u32;\n';
    expect([...wgslFunctions(code)]).toEqual([
      ['one', 'fn one() -> u32 { return 1u; }'],
      ['two', 'fn two() {\n  one();\n}'],
    ]);
  });
});
