/**
 * How much memory large files take, hostile ones and honest ones. The kernel counts: the largest resident set of this process while
 * the file is read, above the one before, with the file in it. Garbage counts, too. Pages that the heap has kept free do not, which are
few against these files.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';

import { maxCharacters, readResult } from '../../src/benchmark/result/read.ts';
import { gunzip } from '../../src/data/gzip.ts';
import { readIdx } from '../../src/data/idx.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { FormatError, NudgeError } from '../../src/errors.ts';
import { loadParameters, saveParameters } from '../../src/formats/parameters.ts';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { Network } from '../../src/network/network.ts';
import { readCheckpoint } from '../../src/training/checkpoint.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { makeIdx } from '../support/idxFiles.ts';

const MiB = 2 ** 20;
const size = 64 * MiB;
/** A chunk of deflate may unpack to this, and the heap's young generation grows by it. */
const slack = 24 * MiB;
/** JSON takes up to 50 times its length, so its length is limited: to 4 million characters in a result, 4 MiB in a checkpoint. */
const maxTextMemory = 256 * MiB;

interface Case {
  readonly name: string;
  /** Bytes that it may take beside the file. */
  readonly limit: number;
  readonly read: () => unknown;
}

async function cases(): Promise<readonly Case[]> {
  const packed = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes, { level: 1 }));
  const idx = packed(makeIdx([size], new Uint8Array(size)));
  const boast = packed(makeIdx([2 ** 29], [1, 2]));
  const bomb = packed(new Uint8Array(8 * size));
  const network = new Network({ layers: [4096, 4095] });
  const saved = saveParameters(network);
  const trainer = await Trainer.create(network, {
    ...{ backend: 'cpu', threads: 0, batchSize: 1, optimizer: sgd({ learningRate: 1 }) },
  });
  const checkpoint = await trainer.checkpoint();
  await trainer.dispose();
  const names = Array.from({ length: 400_000 }, (_, n) => [n.toString(36), ''] as const);
  const metadata = writeSafetensors(new Map(), new Map(names));
  const objects = `[${'{},'.repeat(maxCharacters / 3 - 2)}0]`;
  const deep = '['.repeat(maxCharacters / 2) + ']'.repeat(maxCharacters / 2);
  const twice = 2 * size;
  return [
    { name: 'packed IDX of 64 MiB', limit: twice, read: () => readIdx(idx) },
    {
      name: 'packed IDX that claims 512 MiB and has 2 bytes',
      limit: 0,
      read: () => readIdx(boast),
    },
    { name: 'gzip of 512 MiB that may have 1', limit: 2 * MiB, read: () => gunzip(bomb, MiB) },
    { name: 'tensors of 64 MiB', limit: 0, read: () => readSafetensors(saved) },
    { name: 'network of 64 MiB', limit: twice, read: () => loadParameters(saved) },
    // And the platform's copy for SHA-256, which WebCrypto digests only as a whole.
    {
      name: 'checkpoint of 64 MiB',
      limit: twice + size,
      read: () => readCheckpoint(checkpoint),
    },
    { name: 'metadata of 4 MB', limit: maxTextMemory, read: () => readSafetensors(metadata) },
    { name: 'a million objects', limit: maxTextMemory, read: () => readResult(objects) },
    { name: 'a list two million deep', limit: maxTextMemory, read: () => readResult(deep) },
  ];
}

/** Of this process, in bytes. */
function resident(name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
}

/** @throws {NudgeError} for a file that takes too much, and whatever is no typed error */
export async function checkLargeFiles(log: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux') {
    log('The memory of large files is not checked: only Linux counts it.');
    return;
  }
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  /** V8 frees array buffers in another thread, so once is not enough. */
  const leastResident = async () => {
    for (let last = Infinity; ;) {
      collect();
      await sleep(50);
      const now = resident('VmRSS');
      if (now >= last) return last;
      last = now;
    }
  };
  for (const { name, limit, read } of await cases()) {
    const before = await leastResident();
    // Makes the largest resident set the present one; see proc(5).
    writeFileSync('/proc/self/clear_refs', '5');
    try {
      await read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
    const taken = resident('VmHWM') - before;
    const words = `${name}: ${(taken / MiB).toFixed(0)} MiB, at most ${(limit / MiB).toFixed(0)} allowed`;
    log(words);
    if (taken > limit + slack) throw new NudgeError(`A file takes too much memory: ${words}.`);
  }
}
