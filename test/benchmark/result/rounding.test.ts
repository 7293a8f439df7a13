import { expect, it } from 'vitest';

import { rounded } from '../../../src/benchmark/result/rounding.ts';

it('rounds fractions to five digits and leaves the rest as it is', () => {
  const data = {
    seconds: [0.123456789, 1078.4949, 1.5e-7],
    bytes: 4_294_967_296,
    name: '0.123456789',
    flags: [{ isVoid: false, backend: undefined }],
    nothing: null,
  };
  expect(rounded(data)).toEqual({ ...data, seconds: [0.12346, 1078.5, 1.5e-7] });
});

it('changes nothing the second time', () => {
  const once = rounded([2 / 3, 1 / 7e9, -12345.6789]);
  expect(rounded(once)).toEqual(once);
});
