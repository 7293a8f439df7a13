/** The arrows between the parts of the project, and that the sources keep to them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readImports, type Sources } from './architecture/imports.ts';
import { rules } from './architecture/rules.ts';

const root = path.resolve(import.meta.dirname, '..');

function readSources(): Sources {
  const files = ['src', 'shaders'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      // AssemblyScript, which imports by rules of its own.
      .filter((file) => !file.startsWith(path.join('cpu', 'assembly')))
      .map((file) => path.posix.join(folder, file.split(path.sep).join('/'))),
  );
  return new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
}

describe('in src and shaders', () => {
  const sources = readSources();
  test('there is something to look at', () => {
    for (const file of ['src/errors.ts', 'src/formats/safetensors/read.ts', 'shaders/wgsl.ts']) {
      expect([...sources.keys()]).toContain(file);
    }
    expect(readImports(sources).length).toBeGreaterThan(sources.size);
  });

  test.each(Object.entries(rules))('%s', (_, rule) => {
    expect(rule(sources)).toEqual([]);
  });
});

/** For each rule, files that keep to it and one line that breaks it. */
const breaches: Record<keyof typeof rules, readonly (readonly [file: string, text: string])[]> = {
  'errors import nobody, and network nobody but errors': [
    ['src/errors.ts', "import type { A } from './network/a.ts';"],
    ['src/network/a.ts', "import type { A } from '../data/a.ts';"],
    ['src/network/a.ts', "export * from '../index.ts';"],
    ['src/network/a.ts', "import 'node:fs';"],
  ],
  'shaders import nobody but network, errors and the template tag': [
    ['shaders/a.ts', "import type { A } from '../src/gpu/a.ts';"],
  ],
  'data and formats import each other, network and errors': [
    ['src/data/a.ts', "import { a } from '../training/a.ts';"],
    ['src/formats/b/a.ts', "import type { A } from '../../reference/a.ts';"],
  ],
  'what computes knows nothing of page, command line, benchmark and Node': [
    ['src/reference/a.ts', "import { a } from '../benchmark/a.ts';"],
    ['src/cpu/a.ts', "import type { A } from '../node/a.ts';"],
    ['src/gpu/a.ts', "const a = await import('../page/a.ts');"],
    ['src/training/a.ts', "export { a } from '../cli/a.ts';"],
  ],
  'the library and the benchmark know nothing of page, command line and Node': [
    ['src/index.ts', "export * from './node/a.ts';"],
    ['src/benchmark/a.ts', "import '../page/a.ts';"],
  ],
  'only node and cli import Node, Puppeteer, Dawn, a browser, or any package but the template tag, the page’s charts and storage, and what checks results':
    [
      ['src/formats/a.ts', "import { readFileSync } from 'node:fs';"],
      ['src/formats/a.ts', "import type { A } from 'fs/promises';"],
      ['src/page/a.ts', "type A = import('puppeteer').Browser;"],
      ['src/gpu/a.ts', "export const a = () => import('webgpu');"],
      ['src/benchmark/a.ts', "import a = require('@sparticuz/chromium');"],
      ['src/benchmark/a.ts', "import uPlot from 'uplot';"],
      ['src/benchmark/a.ts', "import { openDB } from 'idb';"],
      ['src/benchmark/a.ts', "import * as v from 'valibot';"],
      ['src/index.ts', 'const name = `web${1}gpu`; await import(name);'],
      ['shaders/a.ts', "import 'lodash';"],
    ],
  'nobody imports the peers that the benchmark puts nudge beside': [
    ['src/cli/a.ts', "import * as tf from '@tensorflow/tfjs-core';"],
    ['src/node/a.ts', "const { jit } = await import('@jax-js/jax');"],
  ],
  'only node and cli name the globals of Node': [
    ['src/formats/a.ts', "export const a = Buffer.from('');"],
    ['src/formats/a.ts', 'export const a = (b: Buffer) => b;'],
    ['src/page/a.ts', 'const { env } = process;'],
    ['src/gpu/a.ts', 'export const a = { process };'],
  ],
  'only shaders/wgsl.ts imports wgsl-preprocessor': [
    ['shaders/a.ts', "import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';"],
    ['src/cli/a.ts', "import 'wgsl-preprocessor';"],
  ],
  'engines take types from training, and values only from batches, schedules and hostEngine': [
    ['src/gpu/a.ts', "import { Trainer } from '../training/trainer.ts';"],
    ['src/cpu/a.ts', "import { type Engine } from '../training/engine.ts';"],
    ['src/reference/a.ts', "await import('../training/trainer.ts');"],
  ],
  'every relative import names a .ts file that is there': [
    ['src/gpu/a.ts', "import './a.js';"],
    ['src/gpu/a.ts', "import type { A } from './a';"],
    ['src/gpu/a.ts', "import './missing.ts';"],
    ['src/gpu/a.ts', "import '..';"],
    ['src/page/worker/a.ts', "import '../../../bench/peers/page/libraries.ts';"],
  ],
  'no file needs itself to be loaded first': [
    ['src/gpu/a.ts', "import './a.ts';"],
    ['src/network/a.ts', "import '../training/engine.ts';"],
  ],
};

const allowed = new Map([
  ['src/errors.ts', 'export class E {}'],
  ['src/index.ts', "export * from './network/a.ts';"],
  ['src/network/a.ts', "import { E } from '../errors.ts'; export type A = E;"],
  ['src/data/a.ts', "import { sha256 } from '../formats/a.ts';"],
  ['src/formats/a.ts', 'const process = 1; export const a = { Buffer: process };'],
  ['src/gpu/a.ts', "import { a } from '../../shaders/a.ts'; import './b.ts';"],
  ['src/gpu/b.ts', "import type { A } from './a.ts'; void import('./a.ts');"],
  ['src/cpu/a.ts', "import '../training/hostEngine.ts'; import '../training/batches.ts';"],
  ['src/training/engine.ts', "import type { A } from '../network/a.ts'; import '../network/a.ts';"],
  ['src/training/batches.ts', "// import 'node:fs'; Buffer"],
  ['src/training/hostEngine.ts', "import type { Engine } from './engine.ts'; text.process = '';"],
  [
    'src/node/a.ts',
    "import 'node:fs'; import 'puppeteer'; import '../page/a.ts'; Buffer.from('');",
  ],
  ['src/page/a.ts', "import '../index.ts'; import uPlot from 'uplot'; await import('idb');"],
  ['src/benchmark/result/a.ts', "import * as v from 'valibot';"],
  ['src/page/worker/peers.ts', "await import('../../../bench/peers/page/libraries.ts');"],
  ['src/cli/a.ts', "import 'commander'; process.exit(1);"],
  ['shaders/a.ts', "import { wgsl } from './wgsl.ts'; import '../src/network/a.ts';"],
  ['shaders/wgsl.ts', "import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';"],
]);

describe.each(Object.entries(rules))('the rule that %s', (title, rule) => {
  test('is kept by a tree that follows the arrows', () => {
    expect(rule(allowed)).toEqual([]);
  });

  test.each(breaches[title]!)('is broken by %s with %s', (file, text) => {
    expect(rule(new Map([...allowed, [file, text]]))).not.toEqual([]);
  });
});

test('a cycle is shown from the file it begins with to the same file', () => {
  const sources = new Map([
    ['src/gpu/a.ts', "import './b.ts';"],
    ['src/gpu/b.ts', "export * from './c.ts';"],
    ['src/gpu/c.ts', "import { b } from './b.ts';"],
  ]);
  expect(rules['no file needs itself to be loaded first']!(sources)).toEqual([
    'src/gpu/b.ts → src/gpu/c.ts → src/gpu/b.ts',
  ]);
});
