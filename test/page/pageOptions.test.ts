import { describe, expect, it } from 'vitest';

import { defaultOptions, readPageOptions, settingsOf } from '../../src/page/pageOptions.ts';

describe('an address', () => {
  it('without a query has the defaults', () => {
    expect(readPageOptions('')).toEqual({ options: defaultOptions, problems: [] });
  });

  it('can say everything', () => {
    const search =
      '?workloads=tiny,batch-10&backend=webgpu,cpu-1&repeats=20&seconds=0.5&seed=4294967295&quick=1&peers=1&samples=100&auto=1';
    const { options, problems } = readPageOptions(search);
    expect(problems).toEqual([]);
    expect(options).toEqual({
      workloads: ['tiny', 'batch-10'],
      backend: ['webgpu', 'cpu-1'],
      repeats: 20,
      seconds: 0.5,
      seed: 4_294_967_295,
      quick: true,
      peers: true,
      samples: 100,
      auto: true,
    });
    expect(settingsOf(options)).toEqual({
      workloads: ['tiny', 'batch-10'],
      sides: ['webgpu', 'cpu-1'],
      repeats: 20,
      repeatSeconds: 0.5,
      seed: 4_294_967_295,
      quick: true,
      peers: true,
    });
  });

  it.each([
    ['workloads=', 'workloads is a list without repetition of tiny, mid'],
    ['workloads=tiny,tiny', 'workloads is a list'],
    ['workloads=toString', 'workloads is a list'],
    ['backend=gpu', 'backend is a list without repetition of webgpu, cpu, cpu-1'],
    ['backend=cpu,,webgpu', 'backend is a list'],
    ['repeats=1', 'repeats is a whole number from 2 to 100'],
    ['repeats=1e1', 'repeats is a whole number'],
    ['repeats=', 'repeats is a whole number'],
    ['seconds=0', 'seconds is a number from 0.01 to 10'],
    ['seconds=.5', 'seconds is a number'],
    ['seconds=1e-1', 'seconds is a number'],
    ['seconds=NaN', 'seconds is a number'],
    ['seed=-1', 'seed is a whole number from 0 to 4294967295'],
    ['seed=4294967296', 'seed is a whole number'],
    ['samples=99', 'samples is a whole number from 100 to 60000'],
    ['quick=yes', 'quick is 0 or 1'],
    ['peers=all', 'peers is 0 or 1'],
    ['auto=true', 'auto is 0 or 1'],
    [
      'epochs=3',
      'it can say workloads, backend, repeats, seconds, seed, quick, peers, samples, auto',
    ],
    ['__proto__=1', 'it can say workloads'],
  ])('that says %s is told what it can say, and has the default', (search, sentence) => {
    const { options, problems } = readPageOptions(`?${search}`);
    expect(options).toEqual(defaultOptions);
    expect(problems[0]).toContain(`‘${decodeURIComponent(search)}’`);
    expect(problems[0]).toContain(sentence);
    expect(problems.at(-1)).toContain('correct the address');
  });

  it('that says something twice is told so, and the first counts', () => {
    const { options, problems } = readPageOptions('?seed=2&seed=3');
    expect(options.seed).toBe(2);
    expect(problems[0]).toContain('it is there twice');
  });

  it('is quoted in part only where it is long', () => {
    const { problems } = readPageOptions(`?workloads=${'x'.repeat(10_000)}`);
    expect(problems[0]!.length).toBeLessThan(250);
  });
});
