import { describe, expect, it } from 'vitest';

import { defaultOptions, readPageOptions, settingsOf } from '../../src/page/pageOptions.ts';

describe('an address', () => {
  it('without a query has the defaults', () => {
    expect(readPageOptions('')).toEqual({ options: defaultOptions, problems: [] });
  });

  it('can say everything', () => {
    const search =
      '?workloads=tiny,batch-10&backend=webgpu,cpu-1&repeats=20&blocks=4&seconds=0.5&wait=7&seed=4294967295&quick=1&peers=1&samples=100&auto=1';
    const { options, problems } = readPageOptions(search);
    expect(problems).toEqual([]);
    expect(options).toEqual({
      workloads: ['tiny', 'batch-10'],
      backend: ['webgpu', 'cpu-1'],
      repeats: 20,
      blocks: 4,
      seconds: 0.5,
      wait: 7,
      seed: 4_294_967_295,
      quick: true,
      peers: true,
      samples: 100,
      auto: true,
    });
    expect(settingsOf(options)).toEqual({
      workloads: ['tiny', 'batch-10'],
      backends: ['webgpu', 'cpu-1'],
      repeats: 20,
      blocks: 4,
      repeatSeconds: 0.5,
      waitSeconds: 7,
      seed: 4_294_967_295,
      quick: true,
      // Those that run in a browser.
      peers: ['tfjs-webgpu', 'tfjs-wasm', 'jax-webgpu', 'jax-wasm'],
    });
  });

  it.each([
    ['workloads=', 'workloads must be one or more of tiny, mid'],
    ['workloads=tiny,tiny', 'workloads must be one or more of'],
    ['workloads=toString', 'workloads must be one or more of'],
    ['backend=gpu', 'backend must be one or more of webgpu, cpu, cpu-1'],
    ['backend=cpu,,webgpu', 'backend must be one or more of'],
    ['repeats=1', 'repeats must be a whole number from 2 to 100'],
    ['repeats=1e1', 'repeats must be a whole number'],
    ['repeats=', 'repeats must be a whole number'],
    ['blocks=0', 'blocks must be a whole number from 1 to 100'],
    ['wait=1.5', 'wait must be a whole number from 0 to 3600'],
    ['seconds=0', 'seconds must be a number from 0.01 to 10'],
    ['seconds=.5', 'seconds must be a number'],
    ['seconds=1e-1', 'seconds must be a number'],
    ['seconds=NaN', 'seconds must be a number'],
    ['seed=-1', 'seed must be a whole number from 0 to 4294967295'],
    ['seed=4294967296', 'seed must be a whole number'],
    ['samples=99', 'samples must be a whole number from 100 to 60000'],
    ['quick=yes', 'quick must be 0 or 1'],
    // Names that every object has.
    ['quick=__proto__', 'quick must be 0 or 1'],
    ['auto=toString', 'auto must be 0 or 1'],
    ['peers=all', 'peers must be 0 or 1'],
    ['auto=true', 'auto must be 0 or 1'],
  ])('that says %s is told what it can say, and has the default', (search, sentence) => {
    const { options, problems } = readPageOptions(`?${search}`);
    expect(options).toEqual(defaultOptions);
    expect(problems[0]).toContain(`‘${decodeURIComponent(search)}’`);
    expect(problems[0]).toContain(sentence);
    expect(problems.at(-1)).toContain('Correct the address');
  });

  it.each(['utm_source=mail&fbclid=IwAR0', 'epochs=3', '__proto__=1&toString=1', '=&&%'])(
    'may have parameters of others, which are ignored: %s',
    (others) => {
      const { options, problems } = readPageOptions(`?${others}&seed=7`);
      expect(options).toEqual({ ...defaultOptions, seed: 7 });
      expect(problems).toEqual([]);
    },
  );

  it('that says something twice is told so, and the first counts', () => {
    const { options, problems } = readPageOptions('?seed=2&seed=3');
    expect(options.seed).toBe(2);
    expect(problems[0]).toBe('The address has seed more than once; only the first one counts.');
  });

  it('is quoted in part only where it is long', () => {
    const { problems } = readPageOptions(`?workloads=${'x'.repeat(10_000)}`);
    expect(problems[0]!.length).toBeLessThan(250);
  });
});
