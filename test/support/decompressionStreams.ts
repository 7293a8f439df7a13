/**
 * The DecompressionStream of other platforms, imitated with zlib as they were seen to behave, so that what
 * `src/data/gzip.ts` makes of each is tested wherever the tests run.
 */
import { constants, inflateRawSync } from 'node:zlib';

export interface ImitatedPlatform {
  readonly name: string;
  /** Undefined: the one the tests run on. */
  readonly DecompressionStream?: typeof globalThis.DecompressionStream;
  /** False where data that stop too early are taken for whole. */
  readonly seesTruncation: boolean;
}

export const platforms: readonly ImitatedPlatform[] = [
  { name: 'this platform', seesTruncation: !('Deno' in globalThis) },
  {
    name: 'a browser (bytes after the end are refused)',
    DecompressionStream: imitate({ refusesTrailing: true, refusesTruncated: true }),
    seesTruncation: true,
  },
  {
    name: 'Deno (missing bytes are overlooked)',
    DecompressionStream: imitate({ refusesTrailing: true, refusesTruncated: false }),
    seesTruncation: false,
  },
  {
    name: 'Node 20 (bytes after the end are overlooked)',
    DecompressionStream: imitate({ refusesTrailing: false, refusesTruncated: true }),
    seesTruncation: true,
  },
];

interface Manners {
  readonly refusesTrailing: boolean;
  readonly refusesTruncated: boolean;
}

function imitate({ refusesTrailing, refusesTruncated }: Manners) {
  class Imitation extends TransformStream<Uint8Array, Uint8Array> {
    constructor(format: string) {
      if (format !== 'deflate-raw') throw new TypeError(`no ${format} here`);
      let received = Buffer.alloc(0);
      let written = 0;
      let isWhole = false;
      super({
        transform(chunk, controller) {
          received = Buffer.concat([received, chunk]);
          const result = tryInflate(received);
          isWhole = result.isWhole;
          if (isWhole && refusesTrailing && result.consumed < received.length) {
            throw new TypeError('Junk found after end of compressed data.');
          }
          if (result.output.length > written) controller.enqueue(result.output.slice(written));
          written = result.output.length;
        },
        flush() {
          if (!isWhole && refusesTruncated) throw new TypeError('Compressed input was truncated.');
        },
      });
    }
  }
  return Imitation as unknown as typeof globalThis.DecompressionStream;
}

function tryInflate(received: Buffer) {
  const run = (finishFlush: number) => {
    const result: unknown = inflateRawSync(received, { info: true, finishFlush });
    const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
    return { output: new Uint8Array(buffer), consumed: engine.bytesWritten };
  };
  try {
    return { ...run(constants.Z_FINISH), isWhole: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'Z_BUF_ERROR')
      throw new TypeError('bad data', { cause: error });
    return { ...run(constants.Z_SYNC_FLUSH), isWhole: false };
  }
}
