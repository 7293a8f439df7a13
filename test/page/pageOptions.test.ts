import { describe, expect, it } from 'vitest';

import { defaultOptions, readPageOptions } from '../../src/page/pageOptions.ts';

describe('the page’s address', () => {
  it('asks for two presets, one epoch, seed 1 and all samples when it says nothing', () => {
    expect(readPageOptions('')).toEqual({
      options: {
        presets: ['lecture', 'modern'],
        epochs: 1,
        seed: 1,
        samples: 60_000,
        auto: false,
      },
      problems: [],
    });
  });

  it('says all that a run depends on', () => {
    const search = '?presets=wide,nielsen&epochs=100&seed=4294967295&samples=100&auto=1';
    expect(readPageOptions(search)).toEqual({
      options: {
        presets: ['wide', 'nielsen'],
        epochs: 100,
        seed: 4294967295,
        samples: 100,
        auto: true,
      },
      problems: [],
    });
  });

  it.each([
    ['epochs=0', /‘epochs=0’, and epochs is a whole number from 1 to 100/],
    ['epochs=101', /whole number from 1 to 100/],
    ['epochs=1.5', /whole number/],
    ['epochs=', /whole number/],
    ['epochs=0x10', /whole number/],
    ['epochs=1e1', /whole number/],
    ['epochs=-1', /whole number/],
    ['seed=4294967296', /seed is a whole number from 0 to 4294967295/],
    ['seed=99999999999999999999', /whole number/],
    ['samples=99', /samples is a whole number from 100 to 60000/],
    ['samples=60001', /samples is a whole number from 100 to 60000/],
    ['presets=huge', /presets is a list without repetition of lecture, nielsen, modern, wide/],
    ['presets=lecture,lecture', /without repetition/],
    ['presets=', /presets is a list/],
    ['presets=toString', /presets is a list/],
    ['presets=__proto__', /presets is a list/],
    ['auto=yes', /auto is 0 or 1/],
    ['colour=red', /it can say presets, epochs, seed, samples, auto/],
  ])('that says %s is told what is wrong, and what it says is left out', (search, sentence) => {
    const { options, problems } = readPageOptions(`?${search}`);
    expect(options).toEqual(defaultOptions);
    expect(problems).toEqual([
      expect.stringMatching(sentence),
      'What makes no sense is left out; correct the address to have it.',
    ]);
  });

  it('cannot say a thing twice', () => {
    const { options, problems } = readPageOptions('?seed=2&seed=3');
    expect(options.seed).toBe(2);
    expect(problems[0]).toBe('The address says ‘seed=3’, and it is there twice.');
  });

  it('is quoted in short, however long it is', () => {
    const { problems } = readPageOptions(`?${'x'.repeat(10_000)}=1`);
    expect(problems[0]!.length).toBeLessThan(150);
  });
});
