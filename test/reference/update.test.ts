import { describe, expect, it } from 'vitest';
import { update } from '../../src/reference/update.ts';
import { sgd } from '../../src/training/optimizers.ts';

describe('update', () => {
  it('without momentum takes learningRate·gradient off, and leaves the velocity alone', () => {
    const parameters = Float64Array.of(1, 2);
    const velocity = Float64Array.of(7, 7);
    update(parameters, [4, -8], velocity, sgd({ learningRate: 0.25 }));
    expect([...parameters]).toEqual([0, 4]);
    expect([...velocity]).toEqual([7, 7]);
  });

  it("with momentum follows PyTorch's v ← μv + g, W ← W − lr·v", () => {
    const parameters = Float64Array.of(10);
    const velocity = new Float64Array(1);
    const optimizer = sgd({ learningRate: 0.5, momentum: 0.5 });
    const seen = [4, 2, 0].map((g) => {
      update(parameters, [g], velocity, optimizer);
      return [velocity[0], parameters[0]];
    });
    expect(seen).toEqual([
      [4, 8],
      [4, 6],
      [2, 5],
    ]);
  });
});
