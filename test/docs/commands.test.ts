import { existsSync, readFileSync } from 'node:fs';

import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';

import { createAaProgram } from '../../bench/aa.ts';
import { createAgreeProgram } from '../../bench/agree.ts';
import { createConformanceProgram } from '../../bench/conformance.ts';
import { createCpuProgram } from '../../bench/cpu.ts';
import { createCrashesProgram } from '../../bench/crashes.ts';
import { createDeterminismProgram } from '../../bench/determinism.ts';
import { createFirstStepProgram } from '../../bench/firstStep.ts';
import { createHostProgram } from '../../bench/host.ts';
import { createKernelsProgram } from '../../bench/kernels.ts';
import { createMutantsProgram } from '../../bench/mutants.ts';
import { createSoakProgram } from '../../bench/soak.ts';
import { createSweepProgram } from '../../bench/sweep.ts';
import { configureBench, requireOnePlace } from '../../src/cli/bench/configure.ts';
import { createProgram } from '../../src/cli/program.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { chromiumArguments } from '../../src/node/launchBrowser.ts';
import { createFuzzProgram } from '../fuzz/fuzz.ts';
import { createLossesProgram } from '../loseDevices.ts';
import { commandsIn, coverage, documents, expand, root } from './commands.ts';

const all = documents.flatMap(commandsIn);
const ofKind = (kind: 'parsed' | 'mentioned') =>
  Object.keys(coverage).filter((text) => coverage[text] === kind);

/** The parser of `nudge`, whose commands do nothing but tell what they were given. */
function nudge(onCommand: (name: string, options: object) => void = () => undefined): Command {
  const streams = { stdout: process.stdout, stderr: process.stderr, environment: {} };
  const context = { streams, exit: () => undefined };
  const program = createProgram(context, new Terminal(streams));
  const stub = (command: Command) => {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    if (command.commands.length === 0) {
      command.action(() => onCommand(command.name(), command.opts()));
    }
    command.commands.forEach(stub);
  };
  stub(program);
  return program;
}

const nudgeMain = 'src/cli/main.ts';
const parsers: Readonly<Record<string, () => Command>> = {
  [nudgeMain]: nudge,
  'bench/agree.ts': createAgreeProgram,
  'bench/aa.ts': createAaProgram,
  'bench/conformance.ts': createConformanceProgram,
  'bench/cpu.ts': createCpuProgram,
  'bench/crashes.ts': createCrashesProgram,
  'bench/determinism.ts': createDeterminismProgram,
  'bench/firstStep.ts': createFirstStepProgram,
  'bench/host.ts': createHostProgram,
  'bench/kernels.ts': createKernelsProgram,
  'bench/mutants.ts': createMutantsProgram,
  'bench/soak.ts': createSoakProgram,
  'bench/sweep.ts': createSweepProgram,
  'test/loseDevices.ts': createLossesProgram,
  'test/fuzz/fuzz.ts': createFuzzProgram,
};

/** @throws where a program would refuse it */
async function parse(command: string): Promise<void> {
  const [program, ...words] = expand(command);
  if (program !== 'node') {
    // vite, npm pack and the like, which package.json calls itself.
    expect(['vite', 'npm']).toContain(program);
    return;
  }
  expect(words.slice(0, 2)).toEqual(['--import', 'tsx']);
  const [file = '', ...args] = words.slice(2);
  expect(existsSync(`${root}${file}`), file).toBe(true);
  if (file === nudgeMain) {
    const given: [string, object][] = [];
    await nudge((name, options) => given.push([name, options])).parseAsync(args, { from: 'user' });
    expect(given.length).toBe(1);
    const [name, options] = given[0]!;
    if (name !== 'bench') return;
    requireOnePlace(options);
    configureBench(options, undefined);
  } else if (file in parsers) {
    parsers[file]!().parse(args, { from: 'user' });
  } else {
    expect(['test/compileKernels.ts', 'test/writeResultSchema.ts']).toContain(file);
    expect(args).toEqual([]);
  }
}

describe('every command in a document', () => {
  it.each(documents)('of %s is known to work', (file) => {
    const unknown = all.filter((one) => one.file === file && !(one.text in coverage));
    expect(
      unknown.map(({ text }) => text),
      'These commands are not in the table of test/docs/commands.ts. Say there how each is covered, or remove it from the document.',
    ).toEqual([]);
  });

  it('is still in one', () => {
    const texts = new Set(all.map(({ text }) => text));
    const stale = Object.keys(coverage).filter((text) => !texts.has(text));
    expect(
      stale,
      'No document has these commands. Remove them from test/docs/commands.ts.',
    ).toEqual([]);
  });

  it.each(ofKind('parsed'))('%s is one that its program takes', async (command) => {
    await parse(command);
  });

  it.each(ofKind('mentioned'))('%s names what there is', (command) => {
    const [, , , file = '', ...args] = expand(command);
    const name = args.find((word) => !word.startsWith('--'));
    const found = nudge().commands.find((one) => one.name() === name);
    for (const option of args.filter((word) => word.startsWith('--'))) {
      expect(found?.options.map(({ long }) => long)).toContain(option);
    }
    if (file === nudgeMain && name !== undefined) expect(found).toBeDefined();
  });

  const others = Object.entries(coverage).flatMap(([text, how]) =>
    typeof how === 'object' && 'by' in how ? [{ text, ...how }] : [],
  );
  it.each(others)('$text is run by $by', ({ by, says }) => {
    // Lines may be broken anywhere.
    const words = (text: string) => text.replace(/\s+/g, ' ');
    expect(words(readFileSync(`${root}${by}`, 'utf8'))).toContain(words(says));
  });

  it('that is not known is found, wherever it stands', () => {
    expect(() => expand('npm run bensh')).toThrow("no script 'bensh'");
    expect(() => expand('npm run bench --quick')).toThrow('put -- before them');
    expect(all.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        // From a shell block, a workflow, a list of steps, and inline code.
        'nudge bench --peers',
        'npm run --silent nudge -- compare old.json new.json --markdown',
        'npm run bench -- --quick --json ../old.json',
        'npm run nudge -- check',
      ]),
    );
  });
});

it('every option in a document exists', () => {
  const optionsOf = (command: Command): string[] => [
    ...command.options.map(({ long }) => long ?? ''),
    ...command.commands.flatMap(optionsOf),
  ];
  const known = new Set([
    '--help',
    // Of npm, and of Chromium.
    ...['--silent', '--headless', '--unsafely-treat-insecure-origin-as-secure'],
    ...chromiumArguments('hardware', { platform: 'linux', isRoot: false }).map(
      (argument) => argument.split('=')[0]!,
    ),
    ...Object.values(parsers).flatMap((create) => optionsOf(create())),
  ]);
  for (const file of documents) {
    let text = readFileSync(`${root}${file}`, 'utf8');
    for (const [command, how] of Object.entries(coverage)) {
      if (how === 'foreign' || !/^(npm|nudge)/.test(command)) text = text.replaceAll(command, '');
    }
    const unknown = [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option);
    expect(
      unknown.filter((option) => !known.has(option)),
      file,
    ).toEqual([]);
  }
});

it('npm scripts start node and not tsx, because tsx kills a program that is busy after Ctrl-C', () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(Object.values(scripts).filter((script) => /^tsx\b/.test(script))).toEqual([]);
});
