/**
 * Results in the fragment of a URL, which browsers do not send to servers. The payload is JSON, compressed with deflate
 * (RFC 1951), in base64url (RFC 4648). `#result=` carries the whole result. `#summary=` fits into a chat message and
 * carries the scores, the medians and the machine.
 */
import { decompress } from '../../data/gzip.ts';
import { FormatError } from '../../errors.ts';
import { defaultLimits } from './defaultLimits.ts';
import { maxCharacters, readResult } from './read.ts';
import { rounded } from './rounding.ts';
import type { BenchmarkResult, CurvePoint, WorkloadResult } from './schema.ts';
import { packSummary, readSummary, sparings, type ResultSummary } from './summary.ts';
import { inOrder } from './write.ts';

const key = 'result';
const summaryKey = 'summary';

/** Length of a short link with its '#'. The page's address in front of it fits within 1,000 characters. */
const maxSummaryLinkCharacters = 900;
/** Twice the largest summary that compresses into a short link. */
const maxSummaryBytes = 20_000;
/** Chat and mail programs do not cut links of this length. */
const targetCharacters = 8000;
const maxLinkCharacters = 200_000;
/** Points of each curve. The first length that makes the link short enough is used. */
const curveLengths = [24, 12, 8, 6, 4, 2, 0];

/**
 * The fragment with a result, including '#': less than 8,000 characters for a full run. It leaves out most points of the
 * curves, digits after the fifth, and adapter limits that equal WebGPU's defaults.
 * @throws {FormatError} if {@link decodeLink} would refuse the result
 */
export async function encodeLink(result: BenchmarkResult): Promise<string> {
  const spared = withoutDefaultLimits(inOrder(result));
  let link = '';
  for (const length of curveLengths) {
    const workloads = spared.workloads.map((workload) => thinCurves(workload, length));
    const text = JSON.stringify(rounded({ ...spared, workloads }));
    link = `#${key}=${await pack(text)}`;
    if (link.length < targetCharacters) break;
  }
  return link;
}

/**
 * Reads a result from the fragment of {@link encodeLink}.
 * @param fragment `location.hash`, with or without '#'; may contain other parameters
 * @throws {FormatError} if the fragment has no result, is cut off or damaged, unpacks to more than the maximum size, or
 *   carries something that is not a result
 */
export async function decodeLink(fragment: string): Promise<BenchmarkResult> {
  return readResult(await textIn(fragment, key, maxLinkCharacters, maxCharacters));
}

/**
 * The fragment with a result's summary, including '#': at most 900 characters for every result. A summary that is too
 * long leaves out other libraries first, then workloads and flags.
 * @throws {FormatError} if {@link checkResult} refuses the result
 */
export async function encodeSummary(result: BenchmarkResult): Promise<string> {
  const checked = inOrder(result);
  let link = '';
  for (const sparing of sparings) {
    link = `#${summaryKey}=${await pack(packSummary(checked, sparing))}`;
    if (link.length <= maxSummaryLinkCharacters) break;
  }
  return link;
}

/**
 * Reads a summary from the fragment of {@link encodeSummary}.
 * @throws {FormatError} like {@link decodeLink}, and if the summary contradicts itself
 */
export async function decodeSummary(fragment: string): Promise<ResultSummary> {
  return readSummary(await textIn(fragment, summaryKey, maxSummaryLinkCharacters, maxSummaryBytes));
}

/** Unpacks the text of one parameter of a fragment. */
async function textIn(
  fragment: string,
  name: string,
  maxPacked: number,
  maxUnpacked: number,
): Promise<string> {
  const packed = new URLSearchParams(fragment.replace(/^#/, '')).get(name);
  if (packed === null || packed === '') refuse(`it has no '#${name}=…'`);
  if (packed.length > maxPacked) {
    refuse(`it has ${packed.length} characters; the maximum is ${maxPacked}`);
  }
  const bytes = await unpack(fromBase64Url(packed), maxUnpacked);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    refuse('its content is not UTF-8 text', { cause });
  }
}

async function pack(text: string): Promise<string> {
  return toBase64Url(await deflate(new TextEncoder().encode(text)));
}

function refuse(fact: string, options?: ErrorOptions): never {
  throw new FormatError(
    `Cannot read a result from this link: ${fact}. Copy the whole link again.`,
    0,
    options,
  );
}

function thinCurves(workload: WorkloadResult, length: number): WorkloadResult {
  const series = workload.series.map((one) => ({ ...one, curve: thin(one.curve, length) }));
  return { ...workload, series };
}

/** Keeps the last point of each of `length` parts, so the end of the curve stays. Charts show fewer than four digits. */
function thin(curve: readonly CurvePoint[], length: number): readonly CurvePoint[] {
  const parts = Math.min(length, curve.length);
  return Array.from({ length: parts }, (_, n) => {
    const point = curve[Math.ceil(((n + 1) * curve.length) / parts) - 1]!;
    return rounded(point, 4);
  });
}

function withoutDefaultLimits(result: BenchmarkResult): BenchmarkResult {
  const { environment } = result;
  const limits = Object.entries(environment.limits).filter(
    ([name, value]) => defaultLimits[name] !== value,
  );
  return { ...result, environment: { ...environment, limits: Object.fromEntries(limits) } };
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Stops at the limit, so that a decompression bomb stays cheap. */
async function unpack(packed: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await decompress(packed, 'deflate-raw', maxBytes);
  } catch (cause) {
    refuse('it is damaged or cut off', { cause });
  }
  if (bytes.length > maxBytes) refuse(`it unpacks to more than ${maxBytes} bytes`);
  return bytes;
}

function toBase64Url(bytes: Uint8Array): string {
  const characters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(characters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array {
  if (!/^[\w-]+$/.test(text)) refuse('it has characters other than base64url');
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
      character.charCodeAt(0),
    );
  } catch (cause) {
    refuse('it is cut off', { cause });
  }
}
