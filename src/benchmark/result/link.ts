/**
 * Results in the fragment of a URL, which browsers keep to themselves: no server sees it. JSON, packed by the platform
 * with deflate (RFC 1951), in base64url (RFC 4648). There are two kinds of link: `#result=` has everything, `#summary=` is
 * short enough to be typed into a chat and has the scores, the medians and the machine.
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

/** Of a short link, with its '#'. The address of a page before it has room up to 1,000. */
const maxSummaryLinkCharacters = 900;
/** Twice what packs into a short link at all. */
const maxSummaryBytes = 20_000;

/** What chats and mail programs leave whole. */
const targetCharacters = 8000;

/** Far above the target, far below what would take long to look at. */
const maxLinkCharacters = 200_000;

/** Points that are kept of each curve: the most with which the link is short enough. */
const curveLengths = [24, 12, 8, 6, 4, 2, 0];

/**
 * The fragment that carries a result, from its '#' on: less than 8,000 characters for a full run.
 *
 * Left out is what can be spared: most points of the curves, digits after the fifth, if a file has any, and limits of the
 * adapter that every adapter has.
 * @throws {FormatError} for a result that could not be read again
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
 * Reads what {@link encodeLink} wrote.
 * @param fragment `location.hash`, with '#' or without; may have other parameters too
 * @throws {FormatError} for a fragment without a result, one that is cut short or damaged, one that unpacks to more
 * than any result has, and for what is no result
 */
export async function decodeLink(fragment: string): Promise<BenchmarkResult> {
  return readResult(await textIn(fragment, key, maxLinkCharacters, maxCharacters));
}

/**
 * The fragment that carries a result's summary, from its '#' on: at most 900 characters, whatever the result. What does
 * not fit is left out: first other libraries, then most of a long list of workloads.
 * @throws {FormatError} for a result that could not be read again
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
 * Reads what {@link encodeSummary} wrote.
 * @param fragment as for {@link decodeLink}
 * @throws {FormatError} as {@link decodeLink}, and for a summary that contradicts itself
 */
export async function decodeSummary(fragment: string): Promise<ResultSummary> {
  return readSummary(await textIn(fragment, summaryKey, maxSummaryLinkCharacters, maxSummaryBytes));
}

/** The text that a fragment has under a name, unpacked. */
async function textIn(
  fragment: string,
  name: string,
  maxPacked: number,
  maxUnpacked: number,
): Promise<string> {
  const packed = new URLSearchParams(fragment.replace(/^#/, '')).get(name);
  if (packed === null || packed === '') refuse(`it has no '#${name}=…'`);
  if (packed.length > maxPacked) {
    refuse(`it has ${packed.length} characters, and a link has at most ${maxPacked}`);
  }
  const bytes = await unpack(fromBase64Url(packed), maxUnpacked);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    refuse('it unpacks to what is no text', { cause });
  }
}

async function pack(text: string): Promise<string> {
  return toBase64Url(await deflate(new TextEncoder().encode(text)));
}

function refuse(fact: string, options?: ErrorOptions): never {
  throw new FormatError(
    `This link carries no result that can be read: ${fact}. Copy the whole link again.`,
    0,
    options,
  );
}

function thinCurves(workload: WorkloadResult, length: number): WorkloadResult {
  const series = workload.series.map((one) => ({ ...one, curve: thin(one.curve, length) }));
  return { ...workload, series };
}

/**
 * The last point of each of `length` parts: where it all ends is kept, since that is what curves are compared by. Four
 * digits are more than a chart shows.
 */
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

/** Stops soon after the limit, so that a bomb costs little more than that. */
async function unpack(packed: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await decompress(packed, 'deflate-raw', maxBytes);
  } catch (cause) {
    refuse('it is damaged or cut short', { cause });
  }
  if (bytes.length > maxBytes) refuse(`it unpacks to more than ${maxBytes} bytes`);
  return bytes;
}

function toBase64Url(bytes: Uint8Array): string {
  const characters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(characters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array {
  if (!/^[\w-]+$/.test(text)) refuse('it has characters that no link of nudge has');
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
      character.charCodeAt(0),
    );
  } catch (cause) {
    refuse('it is cut short', { cause });
  }
}
