/**
 * Every command in the documents, and how each is known to work. `commands.test.ts` parses them; `test/gpu/docs.test.ts`
 * runs those that are quick.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export const documents = [
  'README.md',
  'docs/architecture.md',
  'docs/benchmark.md',
  'docs/continuous-benchmark.md',
  'docs/headless.md',
  'docs/results.md',
  'docs/reliability.md',
  'docs/training.md',
  'src/benchmark/peers/README.md',
  'bench/NOTES.md',
] as const;

export type Coverage =
  /** Run in a scratch folder, where it ends with exit code 0; parts that take long are replaced. */
  | { readonly run: Readonly<Record<string, string>> }
  /** Takes long: the program's own parser takes it. */
  | 'parsed'
  /** Names a command, perhaps with an option and without the value: both exist. */
  | 'mentioned'
  /** A file of the repository that does the same, and a text in it that says so. */
  | { readonly by: string; readonly says: string }
  /** Of a program that is not nudge's. */
  | 'foreign';

const inCi = (says: string) => ({ by: '.ci/run', says });

/** In the order in which they are run: some read what others have written. */
export const coverage: Readonly<Record<string, Coverage>> = {
  'npm ci': inCi('npm ci'),
  'npm test': inCi('npm test'),
  'npm run check': inCi('checks=(format:check lint layers types docs shaders)'),
  'npm run layers': inCi('checks=(format:check lint layers types docs shaders)'),
  'npm start': 'parsed',
  'npm run docs': inCi('checks=(format:check lint layers types docs shaders)'),
  'npm run pack': 'parsed',
  'npm run build': 'parsed',
  'npm run kernels': 'parsed',
  'npm run schema': 'parsed',
  'npm install webgpu': { by: 'package.json', says: '"webgpu": "^' },
  'npm install puppeteer': { by: 'package.json', says: '"puppeteer": "^' },
  'npm install @sparticuz/chromium': { by: 'package.json', says: '"@sparticuz/chromium": "' },
  'npx nudge': { by: 'package.json', says: '"nudge": "./dist/src/cli/main.js"' },

  'npm run nudge -- --help': { run: {} },
  'npm run nudge -- train --help': { run: {} },
  'npm run nudge --': 'mentioned',
  'npm run nudge -- tune --preset lecture --budget 20 --out lecture.plan.json': {
    run: { '20': '0.3' },
  },
  'npm run nudge -- train --plan lecture.plan.json': { run: {} },
  'npm run nudge -- shader forward --preset modern': { run: {} },
  // The scratch folder has a data set of 300 images by this name, so that epochs are short.
  'npm run nudge -- train --data mnist --preset lecture --epochs 15 --backend webgpu': { run: {} },
  'npm run nudge -- train --data mnist --preset modern --epochs 6 --backend webgpu': { run: {} },
  'npm run nudge -- train --data digits --preset modern --epochs 3 --save digits.safetensors': {
    run: { digits: 'mnist' },
  },
  'npm run nudge -- train --preset modern --epochs 100 --checkpoint run --save w.safetensors': {
    run: { '100': '2' },
  },
  'npm run nudge -- train --resume run --save w.safetensors': { run: {} },
  'npm run nudge -- evaluate --data mnist --load digits.safetensors': { run: {} },
  'npm run nudge -- sweep --preset lecture --seeds 64 --learning-rates 1,3,6 --epochs 2': {
    run: { '64': '2' },
  },
  'npm run nudge -- compare old.json new.json --fail-below 0.9': { run: {} },
  'npm run --silent nudge -- compare old.json new.json --markdown': { run: {} },
  'npm run nudge -- compare ../old.json ../new.json --fail-below 0.95': 'parsed',
  'nudge compare old.json new.json --fail-below 0.9': 'parsed',
  'nudge compare': 'mentioned',
  'nudge train': 'mentioned',
  'npm run nudge -- check --plans 10000': 'parsed',
  'npm run nudge -- check': { by: 'test/page/check.test.ts', says: "['check'," },
  'npm run nudge -- doctor': { by: 'test/page/cli.test.ts', says: "runCli(['doctor']" },
  'npm run nudge -- doctor --probe': {
    by: 'test/gpu/cli.test.ts',
    says: "'doctor', '--no-launch', '--probe'",
  },
  'npm run nudge -- data mnist': { by: 'test/cli/commands/data.test.ts', says: "'data', 'mnist'" },

  'npm run bench': 'parsed',
  'npm run bench -- --quick --json new.json': 'parsed',
  'npm run bench -- --quick --json ../old.json': 'parsed',
  'npm run bench -- --quick --json ../new.json': 'parsed',
  'npm run bench -- --data mnist': 'parsed',
  'npm run bench -- --peers': 'parsed',
  'npm run bench --': 'parsed',
  'nudge bench': 'parsed',
  'nudge bench --json': 'mentioned',
  'nudge bench --quick': 'parsed',
  'nudge bench --runtime node': 'parsed',
  'nudge bench --browser firefox': 'parsed',
  'nudge bench --peers': 'parsed',
  'nudge bench --peers --python /usr/bin/python3': 'parsed',
  'nudge bench --workloads large,xl --backends cpu,webgpu --repeats 20 --seconds 0.5': 'parsed',
  'nudge bench --json result.json --csv repeats.csv --markdown result.md --card result.svg':
    'parsed',
  'nudge bench --resume result.json --json result.json': 'parsed',
  'nudge bench --connect http://127.0.0.1:9222 --port 8377 --json there.json': 'parsed',

  'npm run bench -- --peers --no-python --workloads tiny,mid,large,xl --backends webgpu': 'parsed',
  'npm run bench:first-step': {
    by: 'test/page/firstStep.test.ts',
    says: "'bench/firstStep.ts', '--loads'",
  },
  'npm run bench:agree': { by: 'test/page/agree.test.ts', says: "program: 'bench/agree.ts'" },
  'npm run conformance': 'parsed',
  'npm run conformance -- --fraction 0.3 --plans 30': 'parsed',
  'npm run crashes': 'parsed',
  'npm run crashes -- pages --crashes 100': 'parsed',
  'npm run determinism': 'parsed',
  'npm run losses': 'parsed',
  'npm run losses -- fake --losses 1000': 'parsed',
  'npm run losses -- node': 'parsed',
  'npm run losses -- chromium': 'parsed',
  'npm run fuzz': 'parsed',
  'npm run fuzz -- --cases 10000000': 'parsed',
  "npm run fuzz -- --seed 1 --target 'plan file'": 'parsed',
  'npm run soak -- --minutes 12': 'parsed',
  'npm run soak -- --minutes 20': 'parsed',
  'npm run mutants': 'parsed',
  'npm run mutants:wgsl': 'parsed',
  'npm run bench:aa': 'parsed',
  'npm run bench:aa -- --runs 20': 'parsed',
  'npm run bench:kernels -- lecture': 'parsed',
  'npm run bench:kernels -- wide 1024': 'parsed',
  'npm run bench:kernels -- PRESET BATCH': 'mentioned',
  'npm run bench:sweep': 'parsed',
  'npm run bench:cpu': 'parsed',
  'npm run bench:cpu -- xl': 'parsed',
  'npm run bench:cpu -- threads': 'parsed',
  'npm run bench:host': 'parsed',
  'npm run bench:host -- node chromium firefox': 'parsed',

  'deno run -A --unstable-webgpu examples/deno.ts': {
    by: 'test/gpu/examples.test.ts',
    says: "'run', '-A', '--unstable-webgpu', 'examples/deno.ts'",
  },
  'deno run --unstable-webgpu': { by: 'test/gpu/deno.test.ts', says: "'--unstable-webgpu'" },
  'google-chrome --remote-debugging-port=9222 --user-data-dir=/tmp/nudge-profile': 'foreign',
  'firefox --remote-debugging-port=9222 --profile EMPTY_FOLDER': 'foreign',
  'ssh -N -L 9222:127.0.0.1:9222 -R 8377:127.0.0.1:8377 that-machine': 'foreign',
  'jq -r \'.workloads[] | [.name, (.ratios[] | select(.of == "webgpu" and .over == "cpu").middle)] | @tsv\' result.json':
    'foreign',
  'mv new.json old.json': 'foreign',
  'perf record': 'foreign',
};

export interface Documented {
  readonly file: string;
  /** The command without what surrounds it in a shell: comments, `cd`, variables, redirections. */
  readonly text: string;
}

/** Programs whose names begin a command in inline code, where a program's name alone is no command. */
const programs = /^(npm|npx|node|nudge|deno|git|ssh|jq|firefox|google-chrome|perf|curl) \S/;

/** Every command in a document: lines of its shell blocks, steps of its workflows, and inline code. */
export function commandsIn(file: string): Documented[] {
  const text = readFileSync(`${root}${file}`, 'utf8');
  const lines: string[] = [];
  const blocks = /^ *```(\w*)\n([\s\S]*?)^ *```$/gm;
  for (const [, language = '', block = ''] of text.matchAll(blocks)) {
    if (language === 'sh') lines.push(...block.split('\n'));
    else if (language === 'yaml') lines.push(...workflowSteps(block));
    else if (!['ts', 'mermaid'].includes(language)) {
      throw new Error(`${file} has a block of '${language}'.`);
    }
  }
  const prose = text.replace(blocks, '');
  for (const [, code = ''] of prose.matchAll(/`([^`]+)`/g)) {
    const inline = code.replace(/\s+/g, ' ').trim();
    if (programs.test(stripVariables(inline))) lines.push(inline);
  }
  return lines.flatMap(splitLine).map((command) => ({ file, text: command }));
}

/** What the steps of a workflow run. */
function workflowSteps(yaml: string): string[] {
  const lines = yaml.split('\n');
  return lines.flatMap((line, i) => {
    const [, indent = '', command] = /^( *)(?:- )?run: *(.*)$/.exec(line) ?? [];
    if (command === undefined) return [];
    if (command !== '|') return [command];
    const end = lines.findIndex((one, j) => j > i && !one.startsWith(`${indent} `));
    return lines.slice(i + 1, end < 0 ? undefined : end).map((one) => one.trim());
  });
}

function splitLine(line: string): string[] {
  return line
    .replace(/(^| +)#.*$/, '')
    .split('&&')
    .map((part) => stripVariables(part.replace(/ >> .*$| & *$/, '').replace(/^ *\(|\) *$/g, '')))
    .filter((part) => part !== '' && !part.startsWith('cd '));
}

function stripVariables(command: string): string {
  return command.trim().replace(/^([A-Z_]+=\S+ )+/, '');
}

/** The words of a command, quotes taken off. */
export function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}

const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/**
 * What a command comes down to: `npm run nudge -- train` is `node --import tsx src/cli/main.ts train`, and so is
 * `nudge train`.
 * @throws when there is no such script
 */
export function expand(command: string): string[] {
  const [program, ...args] = wordsOf(command);
  if (program === 'nudge') return [...wordsOf(scripts.nudge!), ...args];
  if (program !== 'npm') throw new Error(`'${command}' is no command of this repository.`);
  const rest = (args[0] === 'run' ? args.slice(1) : args).filter((word) => word !== '--silent');
  const [name = '', separator, ...own] = rest;
  const script = scripts[name];
  if (script === undefined) throw new Error(`package.json has no script '${name}'.`);
  if (separator !== undefined && separator !== '--') {
    throw new Error(`'${command}' gives its options to npm; put -- before them.`);
  }
  return [...wordsOf(script), ...own];
}
