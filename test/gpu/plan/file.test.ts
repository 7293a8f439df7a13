import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { registerLoopNames } from '../../../shaders/matmul/matmul.ts';
import { FormatError } from '../../../src/errors.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import { requirePlan } from '../../../src/gpu/plan/check.ts';
import { parsePlan, planFile, readPlanFile, serializePlan } from '../../../src/gpu/plan/file.ts';
import { errorOf } from '../../support/failure.ts';

const target = { isSoftware: true, subgroupSize: 0, maxWorkgroupSize: 256 };
const network = { layers: [784, 16, 16, 10] };
const plan = choosePlan(network, 100, target);
const text = serializePlan(network, plan);

const kinds = [
  target,
  { isSoftware: true, subgroupSize: 4, maxWorkgroupSize: 256 },
  { isSoftware: false, subgroupSize: 32, maxWorkgroupSize: 1024 },
];
const shapes = [
  [784, 16, 16, 10],
  [784, 128, 10],
  [784, 1024, 1024, 10],
  [1, 1],
  [17, 3, 5],
];

it('every plan that is chosen comes back from its file as it was, and can be used', () => {
  for (const kind of kinds) {
    for (const layers of shapes) {
      for (const batchSize of [1, 7, 100, 1024]) {
        const chosen = choosePlan({ layers }, batchSize, kind);
        const read = parsePlan(serializePlan({ layers }, chosen), { layers });
        expect(read).toEqual(chosen);
        expect(requirePlan(read, { layers }, batchSize, kind)).toBe(read);
      }
    }
  }
});

it('every main loop is kept, with what it has of its own', () => {
  const tiles = [
    { loop: 'tiled', rows4: 2, columns4: 1, across: 8, tileK4: 4, workgroupSize: 64 },
    { loop: 'splitK', splitK: 4, across: 4, workgroupSize: 64 },
    ...registerLoopNames.map((loop) => ({ loop, rows4: 4, columns4: 1, workgroupSize: 64 })),
  ] as const;
  for (const tile of tiles) {
    const layer = { forward: tile, hiddenDelta: tile, update: tile };
    const fused = { from: 1, loop: 'splitK', rows4: 2, workgroupSize: 64 } as const;
    const other = { ...plan, layers: plan.layers.with(0, layer), fused };
    expect(parsePlan(serializePlan(network, other), network)).toEqual(other);
  }
});

/** The error of a file that has `value` at `path`; undefined leaves it out. */
function errorWith(path: readonly (string | number)[], value: unknown): string {
  const file = JSON.parse(text) as Record<string | number, unknown>;
  let at = file;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  at[path.at(-1)!] = value;
  const { message } = errorOf(FormatError, () => parsePlan(JSON.stringify(file), network));
  expect(message).toMatch(
    /^This is not a plan for this network: .*\. Make one with 'nudge tune', or use the default plan\.$/,
  );
  return message;
}

describe('a file is refused that', () => {
  it('is no JSON, or no object', () => {
    for (const wrong of ['', '{', '\0', text.slice(0, -5)]) {
      const { message } = errorOf(FormatError, () => parsePlan(wrong, network));
      expect(message).toContain('it is not JSON');
    }
    for (const wrong of ['null', '3', '[]', '"plan"']) {
      const { message } = errorOf(FormatError, () => parsePlan(wrong, network));
      expect(message).toContain(`the file is ${wrong}; expected Object`);
    }
  });

  it('is nested so deep that no JSON can be made of it again', () => {
    const deep = '['.repeat(300_000) + ']'.repeat(300_000);
    const { message } = errorOf(FormatError, () => parsePlan(deep, network));
    expect(message).toContain('the file is an array; expected Object');
  });

  it('is of another format, version or network', () => {
    expect(errorWith(['format'], 'plans')).toContain(`its format is "plans", not 'nudge plan'`);
    expect(errorWith(['version'], 1)).toContain('its version is 1; this nudge reads version 3');
    expect(errorWith(['layers', 1], 32)).toContain(
      'it is for a network 784-32-16-10, but this one is 784-16-16-10',
    );
  });

  it('has characters that a terminal obeys, which are escaped in the message', () => {
    const hostile = 'a\u009b31m\u202eb';
    const escaped = 'a\\u009b31m\\u202eb';
    expect(errorWith(['format'], hostile)).toContain(`its format is "${escaped}"`);
    expect(errorWith(['plan', hostile], 1)).toContain(`plan.${escaped} is not a known field`);
    expect(errorWith(['plan', 'layers', 0, 'forward', 'loop'], hostile)).toContain(`"${escaped}"`);
    const { message } = errorOf(FormatError, () => parsePlan(hostile, network));
    expect(message).toContain('it is not JSON');
    expect(message).not.toMatch(/[\u009b\u202e]/);
  });

  it('has a name without end, which is cut', () => {
    expect(errorWith(['plan', 'k'.repeat(5000)], 1)).toContain('kkk… is not a known field');
  });

  it('lacks something, or has something unknown', () => {
    expect(errorWith(['plan', 'batchSize'], undefined)).toContain(
      'plan.batchSize is missing; expected',
    );
    expect(errorWith(['plan', 'fused', 'waves'], 1)).toContain(
      'plan.fused.waves is not a known field',
    );
    expect(errorWith(['plan', 'layers', 0, 'forward', 'loop'], 'fast')).toContain(
      'plan.layers[0].forward.loop is "fast"; expected ("simple" | ',
    );
  });

  it.each([0, -1, 1.5, 2 ** 26, '4', null, true])('has %s for a number of blocks', (value) => {
    expect(errorWith(['plan', 'layers', 1, 'update', 'rows4'], value)).toContain(
      `plan.layers[1].update.rows4 is ${JSON.stringify(value)}; expected an integer from 1 to 67108863`,
    );
  });
});

it('any file is read, or refused in a sentence', () => {
  const anywhere = fc.jsonValue();
  fc.assert(
    fc.property(anywhere, (value) => {
      expect(() => readPlanFile(value, network)).toThrow(FormatError);
    }),
  );
  const paths = [
    ['plan'],
    ['plan', 'layers'],
    ['plan', 'layers', 0],
    ['plan', 'layers', 0, 'forward'],
    ['plan', 'layers', 0, 'forward', 'loop'],
    ['plan', 'fused'],
    ['layers'],
  ] as const;
  fc.assert(
    fc.property(fc.constantFrom(...paths), anywhere, (path, value) => {
      const file = structuredClone(planFile(network, plan)) as unknown as Record<string, unknown>;
      let at = file;
      for (const key of path.slice(0, -1)) at = at[key] as typeof at;
      at[path.at(-1)!] = value;
      try {
        expect(planFile(network, readPlanFile(file, network))).toEqual(file);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
  );
});
