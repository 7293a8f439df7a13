import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { decodeLink, encodeLink } from '../../../src/benchmark/result/link.ts';
import { FormatError } from '../../../src/errors.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { failureOf } from '../../support/failure.ts';
import { resultWith } from '../../support/resultWith.ts';

const result = makeBenchmarkResult();
/** All workloads of a full run, with long curves. */
const full = makeBenchmarkResult({
  workloads: ['tiny', 'mid', 'large', 'xl', 'huge', 'batch-1', 'batch-10', 'batch-1000'],
  curvePoints: 500,
});

const pack = (text: string | Uint8Array) => `#result=${deflateRawSync(text).toString('base64url')}`;

it('a full run fits into a link of URL-safe characters', async () => {
  const link = await encodeLink(full);
  expect(link.length).toBeLessThan(8000);
  expect(link).toMatch(/^#result=[\w-]+$/);
});

it('a link keeps the result except digits after the fifth, most curve points and default limits', async () => {
  const arrived = await decodeLink(await encodeLink(full));
  expect(arrived.workloads.map(({ name }) => name)).toEqual(full.settings.workloads);
  for (const [w, { series }] of arrived.workloads.entries()) {
    for (const [s, { samplesPerSecond, estimate, curve }] of series.entries()) {
      const sent = full.workloads[w]!.series[s]!;
      for (const [n, rate] of samplesPerSecond.entries()) {
        expect(Math.abs(rate / sent.samplesPerSecond[n]! - 1)).toBeLessThan(5.1e-5);
      }
      expect(Math.abs(estimate.high / sent.estimate.high - 1)).toBeLessThan(5.1e-5);
      expect(curve.length).toBeGreaterThan(1);
      expect(curve.at(-1)!.step).toBe(sent.curve.at(-1)!.step);
    }
  }
  expect(arrived.data).toEqual(full.data);
  expect(arrived.flags).toEqual(full.flags);
  const { maxComputeWorkgroupsPerDimension: isDefault, ...others } = full.environment.limits;
  expect(isDefault).toBe(65_535);
  expect(arrived.environment).toEqual({ ...full.environment, limits: others });
});

it('short curves stay whole', async () => {
  const short = makeBenchmarkResult({ curvePoints: 5, workloads: ['tiny'] });
  const arrived = await decodeLink(await encodeLink(short));
  const steps = (one: typeof short) =>
    one.workloads[0]!.series.map(({ curve }) => curve.map(({ step }) => step));
  expect(steps(arrived)).toEqual(steps(short));
});

it('the link is raw deflate in base64url', async () => {
  const packed = Buffer.from((await encodeLink(result)).slice('#result='.length), 'base64url');
  const { format } = JSON.parse(inflateRawSync(packed).toString()) as typeof result;
  expect(format).toBe('nudge-benchmark');
  expect(await decodeLink(pack(JSON.stringify(result)))).toEqual(result);
});

it('a fragment may lack its # and have other parameters', async () => {
  const { data } = await decodeLink(`a=1&${(await encodeLink(result)).slice(1)}&auto=1`);
  expect(data).toEqual(result.data);
});

it('an invalid result gets no link', async () => {
  await failureOf(encodeLink(resultWith(result, ['seconds'], -1)), FormatError);
});

describe('a fragment is refused that', () => {
  async function refusalOf(fragment: string): Promise<string> {
    return (await failureOf(decodeLink(fragment), FormatError)).message;
  }

  it.each(['', '#', '#results', '#result=', '#other=1'])('has no result: %j', async (fragment) => {
    expect(await refusalOf(fragment)).toBe(
      "Cannot read a result from this link: it has no '#result=…'. Copy the whole link again.",
    );
  });

  it('is cut anywhere', async () => {
    const link = await encodeLink(makeBenchmarkResult({ workloads: ['mid'], curvePoints: 0 }));
    for (let length = '#result='.length + 1; length < link.length; length += 97) {
      expect(await refusalOf(link.slice(0, length))).toMatch(/cut off|not JSON/);
    }
  });

  it('is not base64url, deflate or UTF-8', async () => {
    expect(await refusalOf('#result=a+b/c==')).toContain('characters other than base64url');
    expect(await refusalOf('#result=%00%FF')).toContain('characters other than base64url');
    expect(await refusalOf('#result=_____w')).toContain('it is damaged');
    expect(await refusalOf(pack(Uint8Array.of(0xff, 0xfe)))).toContain('not UTF-8 text');
  });

  it('carries other JSON', async () => {
    expect(await refusalOf(pack('{}'))).toContain('its format is missing');
    expect(await refusalOf(pack('[]'))).toContain('Cannot read this benchmark result');
  });

  it('is too long or unpacks to too much', async () => {
    const bomb = pack(new Uint8Array(2 ** 26));
    expect(bomb.length).toBeLessThan(200_000);
    expect(await refusalOf(bomb)).toContain('it unpacks to more than 4000000 bytes');
    expect(await refusalOf(`#result=${'A'.repeat(200_001)}`)).toContain(
      'it has 200001 characters; the maximum is 200000',
    );
  });
});
