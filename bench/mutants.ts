/**
 * Checks the checks of kernels: makes small faults in the WGSL, and counts those that no check notices.
 * `npm run mutants:wgsl -- --help`.
 *
 * A fault is one that a template could have, so it is made in every shader with that line. `mutants/survivors.json`
 * explains the faults that no check can notice.
 */
import { readFileSync } from 'node:fs';

import { Command } from 'commander';

import { number, whole } from '../src/cli/options.ts';
import { formatTable } from '../src/cli/table.ts';
import { NudgeError } from '../src/errors.ts';
import { Device } from '../src/gpu/device.ts';
import { Random } from '../src/network/random.ts';
import { createGpu } from '../src/node/dawn.ts';
import { mutantCases } from './mutants/cases.ts';
import { Worker } from './mutants/worker.ts';
import { mutantsOf, operators, type Mutant } from './mutants/wgsl.ts';
import { log, runProgram } from './runProgram.ts';

interface Options {
  readonly each: number;
  readonly seed: number;
  readonly workers: number;
  readonly only?: readonly string[];
}

export function createMutantsProgram(): Command {
  return new Command('mutants:wgsl')
    .description('Counts the small faults in WGSL that the checks of kernels do not notice.')
    .addOption(whole('--each <n>', 'faults per kernel and kind of fault').default(2))
    .addOption(number('--seed <n>', 'of the draw of faults').default(1))
    .addOption(whole('--workers <n>', 'processes').default(2))
    .option('--only <texts...>', 'only faults whose text contains one of these')
    .exitOverride();
}

/** A case with what it takes without a fault. */
interface Measured {
  readonly index: number;
  readonly kernel: string;
  readonly code: string;
  readonly ms: number;
}

type Result = 'killed' | 'survived' | 'invalid';

/** A mutant with the kernel for which it was drawn; others may have the same line. */
interface Drawn {
  readonly mutant: Mutant;
  readonly kernel: string;
}

interface Found extends Drawn {
  readonly result: Result;
}

/** Every case without a fault. @throws {NudgeError} if one fails: it could not tell a fault */
async function measure(worker: Worker, signal: AbortSignal): Promise<readonly Measured[]> {
  const device = await Device.request({ gpu: await createGpu() });
  const cases = mutantCases(device);
  device.destroy();
  const measured: Measured[] = [];
  for (const [index, { name, kernel }] of cases.entries()) {
    signal.throwIfAborted();
    const outcome = await worker.run({ index });
    const { share = Infinity, error = `its error is ${share} of its bound` } = outcome ?? {};
    if (!outcome || !(share <= 1)) {
      throw new NudgeError(
        `'${name}' fails without a fault: ${error}. Run npm run nudge -- check.`,
      );
    }
    measured.push({ index, kernel, code: outcome.code, ms: outcome.ms });
  }
  // The quickest case that notices a fault is enough.
  return measured.sort((a, b) => a.ms - b.ms);
}

/** Up to `each` mutants of every kernel and operator. */
function draw(given: readonly Measured[], { each, seed, only = [''] }: Options): readonly Drawn[] {
  // In the order of the cases, so that a seed draws the same on every machine.
  const measured = given.toSorted((a, b) => a.index - b.index);
  const random = new Random(seed, 0x307a);
  const drawn = new Map<string, Drawn>();
  for (const kernel of new Set(measured.map((one) => one.kernel))) {
    const codes = measured.filter((one) => one.kernel === kernel).map(({ code }) => code);
    const all = new Map(codes.flatMap(mutantsOf).map((one) => [one.id, one]));
    for (const operator of operators) {
      const rest = [...all.values()].filter(
        (one) => one.operator === operator && only.some((text) => one.id.includes(text)),
      );
      for (let i = 0; i < each && rest.length > 0; i++) {
        const [one] = rest.splice(random.integer(rest.length), 1);
        if (!drawn.has(one!.id)) drawn.set(one!.id, { mutant: one!, kernel });
      }
    }
  }
  return [...drawn.values()];
}

/** Runs every check of a shader that has the mutant's line, until one notices the fault. */
async function test(
  { apply }: Mutant,
  measured: readonly Measured[],
  worker: Worker,
): Promise<Result> {
  let result: Result = 'invalid';
  for (const { index, code } of measured) {
    const mutated = apply(code);
    if (mutated === code) continue;
    const outcome = await worker.run({ index, code: mutated });
    // Where it does not compile here, it may at other sizes.
    if (outcome?.error?.includes('does not compile')) continue;
    if (outcome?.share === undefined || !(outcome.share <= 1)) return 'killed';
    result = 'survived';
  }
  return result;
}

function table(found: readonly Found[], keyOf: (one: Found) => string, head: string): string {
  const counted = found.filter(({ result }) => result !== 'invalid');
  const keys = [...new Set(counted.map(keyOf))].sort();
  const row = (name: string, of: readonly Found[]) => {
    const killed = of.filter(({ result }) => result === 'killed').length;
    return [name, `${of.length}`, `${killed}`, `${((100 * killed) / of.length).toFixed(1)} %`];
  };
  const rows = keys.map((key) =>
    row(
      key,
      counted.filter((one) => keyOf(one) === key),
    ),
  );
  return formatTable(
    [[head, 'mutants', 'killed', 'share'], ...rows, row('all', counted)],
    'lrrr',
  ).join('\n');
}

export type Survivors = Readonly<Record<string, string>>;

/** The explained survivors: a mutant's id → why no check can notice it. */
export function readSurvivors(): Survivors {
  const file = new URL('mutants/survivors.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Survivors;
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const options = createMutantsProgram().parse(args, { from: 'user' }).opts<Options>();
  const workers = Array.from({ length: options.workers }, () => new Worker());
  try {
    const measured = await measure(workers[0]!, signal);
    const mutants = draw(measured, options);
    log(`${mutants.length} mutants for ${measured.length} checks.`);
    const found: Found[] = [];
    const todo = mutants.values();
    await Promise.all(
      workers.map(async (worker) => {
        for (const mutant of todo) {
          signal.throwIfAborted();
          const result = await test(mutant.mutant, measured, worker);
          found.push({ ...mutant, result });
          if (result === 'survived') log(`survived: ${mutant.mutant.id}`);
          if (found.length % 50 === 0) log(`${found.length} of ${mutants.length}`);
        }
      }),
    );
    console.log(table(found, ({ mutant }) => mutant.operator, 'fault'));
    console.log(table(found, ({ kernel }) => kernel, 'kernel'));
    const invalid = found.filter(({ result }) => result === 'invalid').length;
    console.log(`${invalid} more do not compile.`);
    compare(found, readSurvivors());
  } finally {
    for (const worker of workers) worker.dispose();
  }
}

/** @throws {NudgeError} for a survivor that is not explained, and for an explained one that is killed */
function compare(found: readonly Found[], explained: Survivors): void {
  const wrong = found.flatMap(({ mutant: { id, operator }, result }) => {
    if (result === 'survived' && explained[id] === undefined) return [`not explained: ${id}`];
    // What a dropped barrier does depends on which invocation comes first.
    const isSure = operator !== 'dropped barrier';
    const isListed = explained[id] !== undefined;
    return result === 'killed' && isListed && isSure ? [`killed, but listed: ${id}`] : [];
  });
  const known = found.filter(({ mutant: { id }, result }) => {
    return result === 'survived' && explained[id] !== undefined;
  });
  const counted = found.filter(({ result }) => result !== 'invalid').length;
  const killed = found.filter(({ result }) => result === 'killed').length;
  const share = (100 * killed) / (counted - known.length);
  console.log(
    `${known.length} survivors are explained in bench/mutants/survivors.json; of the others, ${share.toFixed(1)} % are killed.`,
  );
  if (wrong.length > 0) {
    throw new NudgeError(
      `${wrong.join('\n')}\nSharpen a check of src/benchmark/verification, or explain why none can notice the fault.`,
    );
  }
}

if (process.argv[1]?.endsWith('mutants.ts')) {
  await runProgram(main);
  // Dawn's instance would keep Node running.
  process.exit();
}
