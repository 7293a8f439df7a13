/** The text of `nudge doctor`: what this machine has, and how to get what is missing. */
import { adapterName } from '../../gpu/adapter.ts';
import type { MeasuredLimits } from '../../gpu/probes/probeAdapter.ts';
import type { Measured } from '../../gpu/probes/slope.ts';
import { describeBrowser } from '../../node/browser.ts';
import { formatCount, formatTable } from '../table.ts';
import { oldestNode, type BrowserDiagnosis, type Diagnosis, type Found } from './examine.ts';

/** Whether there is any WebGPU adapter, hardware or software. */
export function hasAdapter({ dawn, browsers }: Diagnosis): boolean {
  return [dawn, ...browsers].some(({ adapter }) => adapter !== null);
}

export function describeDiagnosis(diagnosis: Diagnosis): string[] {
  const { nudge, node, system, dawn, browsers, mnist } = diagnosis;
  const gibibytes = (system.memoryBytes / 2 ** 30).toFixed(0);
  const facts = [
    ['nudge', nudge],
    ['Node', node.version],
    ['system', system.platform],
    ['CPU', `${system.cpu}, ${system.cores} cores, ${gibibytes} GiB memory`],
    ['MNIST', mnist.isThere ? mnist.folder : `not in ${mnist.folder}`],
  ];
  const missing = describeMissing(diagnosis).map((line) => `  - ${line}`);
  return [
    ...formatTable(facts, 'll'),
    '',
    `Node (Dawn, package webgpu ${dawn.version ?? 'not installed'})`,
    ...adapterLines(dawn),
    ...browsers.flatMap((browser) => ['', ...browserLines(browser)]),
    '',
    ...(missing.length === 0 ? ['Nothing is missing.'] : ['Missing:', ...missing]),
  ];
}

/** What is missing and how to get it, the most important first. */
export function describeMissing(diagnosis: Diagnosis): string[] {
  const { node, dawn, browsers, mnist } = diagnosis;
  const missing: string[] = [];
  if (!node.isRecentEnough) {
    missing.push(
      `Node ${oldestNode.join('.')} or later; this is ${node.version}. Get it from https://nodejs.org.`,
    );
  }
  const adapters = [dawn, ...browsers].flatMap(({ adapter }) => (adapter ? [adapter] : []));
  if (adapters.length === 0) {
    missing.push(
      "A WebGPU adapter: there is none, for the reasons above. Training runs on the CPU only ('--backend cpu').",
    );
  } else if (adapters.every(({ isSoftware }) => isSoftware)) {
    missing.push(
      "A GPU: all adapters are software, which is correct but slow. If this machine has a GPU, install its driver (on Linux its Vulkan driver: NVIDIA's own, or the package mesa-vulkan-drivers).",
    );
  }
  if (dawn.version === null) missing.push("WebGPU in Node: run 'npm install webgpu'.");
  for (const { kind, found } of browsers) {
    if (found.length > 0) continue;
    missing.push(
      kind === 'chromium'
        ? "A Chromium browser: install Chrome, Chromium or Edge, or run 'npx puppeteer browsers install chrome'."
        : 'Firefox, a second WebGPU implementation to compare with (optional): install it from https://www.firefox.com or your distribution.',
    );
  }
  if (!mnist.isThere) {
    missing.push(
      "MNIST (nudge uses digits instead): run 'nudge data mnist', or set MNIST_DIR to its folder.",
    );
  }
  return missing;
}

function browserLines(diagnosis: BrowserDiagnosis): string[] {
  const { kind, version, used, found, passedOver, problem } = diagnosis;
  const name = kind === 'chromium' ? 'Chromium' : 'Firefox';
  if (found.length === 0) return [`${name}: ${problem ?? 'not found'}`];
  const others = found.filter(({ executablePath }) => executablePath !== used?.executablePath);
  return [
    used ? `${name} (${version ?? ''}, ${describeBrowser(used)})` : name,
    ...(used !== null || problem !== null ? adapterLines(diagnosis) : []),
    ...passedOver.map((sentence) => `  passed over: ${sentence}`),
    ...others.map((browser) => `  also found: ${describeBrowser(browser)}`),
  ];
}

/** The limits that decide the largest network and mini-batch. The JSON report has all limits. */
const limitsShown = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** The features that matter to nudge. */
const featuresShown = ['timestamp-query', 'subgroups', 'shader-f16'];

function adapterLines({ adapter, problem, probe }: Found): string[] {
  if (adapter === null) return [`  no adapter: ${problem ?? 'no reason was given'}`];
  const limits = limitsShown.map((name) => {
    const value = adapter.limits[name];
    return [`  ${name}`, value === undefined ? 'unknown' : formatCount(value)];
  });
  const features = featuresShown.map(
    (name) => `${adapter.features.includes(name) ? '' : 'no '}${name}`,
  );
  const others = adapter.features.filter((name) => !featuresShown.includes(name)).length;
  return [
    `  adapter: ${adapterName(adapter)}`,
    `  features: ${features.join(', ')}, and ${others} others`,
    ...formatTable(limits, 'lr'),
    ...(probe?.limits ? describeLimits(probe.limits) : []),
    ...(probe?.problem ? [`  not measured: ${probe.problem}`] : []),
  ];
}

/** The measured speeds of an adapter as a table: name, value, unit, spread, remark. */
export function describeLimits(measured: MeasuredLimits): readonly string[] {
  const { arithmetic, memory, latency, seconds } = measured;
  const { dispatch, encode, submit, readback, pokedReadback } = latency;
  const size = (bytes: number) =>
    bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`;
  const row = (what: string, { value, rounds, spread }: Measured, unit: Unit, remark: string) => [
    `    ${what}`,
    formatFigure(value * unit.factor),
    unit.name,
    rounds > 1 ? `± ${(50 * spread).toFixed(0)} %` : '',
    remark,
  ];
  const rows = [
    row('multiply-adds', arithmetic, gigaflop, arithmetic.shape),
    row('memory, read', memory.read, gigabytes, size(memory.largeBytes)),
    row('memory, copy', memory.copy, gigabytes, 'counts both read and write'),
    row('caches, read', memory.cached, gigabytes, size(memory.smallBytes)),
    row('dispatch', dispatch, microseconds, 'waits for the one before'),
    row('encoding it', encode, microseconds, 'CPU time'),
    row('submit', submit, microseconds, 'CPU time'),
    row('read-back', readback, microseconds, 'from submit to mapped'),
  ];
  if (pokedReadback) {
    rows.push(row('read-back', pokedReadback, microseconds, 'with empty submits meanwhile'));
  }
  return [`  measured in ${seconds.toFixed(1)} s:`, ...formatTable(rows, 'lrlrl')];
}

interface Unit {
  readonly name: string;
  /** Converts FLOP/s, bytes/s or seconds to this unit. */
  readonly factor: number;
}

const gigaflop: Unit = { name: 'GFLOP/s', factor: 1e-9 };
const gigabytes: Unit = { name: 'GB/s', factor: 1e-9 };
const microseconds: Unit = { name: 'µs', factor: 1e6 };

/** At least three significant digits, and all digits before the point: '0.612', '27.3', '51,200'. */
function formatFigure(value: number): string {
  return value.toLocaleString('en-US', {
    maximumSignificantDigits: Math.max(3, Math.ceil(Math.log10(value))),
    minimumSignificantDigits: value < 100 ? 3 : 1,
  });
}
