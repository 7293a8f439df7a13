/** What `nudge doctor` says: what is there, and for each thing that is missing, how to get it. */
import { adapterName } from '../../gpu/adapter.ts';
import { describeBrowser } from '../../node/browser.ts';
import { formatCount, formatTable } from '../table.ts';
import { oldestNode, type BrowserDiagnosis, type Diagnosis, type Found } from './examine.ts';
import { describeLimits } from './limits.ts';

/** Whether WebGPU computes anywhere here, be it in software. */
export function hasAdapter({ dawn, browsers }: Diagnosis): boolean {
  return [dawn, ...browsers].some(({ adapter }) => adapter !== null);
}

export function describeDiagnosis(diagnosis: Diagnosis): string[] {
  const { nudge, node, system, dawn, browsers, mnist } = diagnosis;
  const gibibytes = (system.memoryBytes / 2 ** 30).toFixed(0);
  const lines = [
    ...formatTable(
      [
        ['nudge', nudge],
        ['Node', node.version],
        ['system', system.platform],
        ['CPU', `${system.cpu}, ${system.cores} cores, ${gibibytes} GiB memory`],
        ['MNIST', mnist.isThere ? mnist.folder : `not in ${mnist.folder}`],
      ],
      'll',
    ),
    '',
    `Node (Dawn, package webgpu ${dawn.version ?? 'not installed'})`,
    ...adapterLines(dawn),
  ];
  for (const browser of browsers) lines.push('', ...browserLines(browser));
  const missing = describeMissing(diagnosis);
  lines.push('');
  if (missing.length === 0) lines.push('Nothing is missing.');
  else lines.push('Missing:', ...missing.map((line) => `  - ${line}`));
  return lines;
}

/** What is missing and how to get it, the most important first. */
export function describeMissing(diagnosis: Diagnosis): string[] {
  const { node, dawn, browsers, mnist } = diagnosis;
  const missing: string[] = [];
  if (!node.isRecentEnough) {
    missing.push(
      `Node ${oldestNode.join('.')} or later, and this is ${node.version}: get it from https://nodejs.org.`,
    );
  }
  const adapters = [dawn, ...browsers].flatMap(({ adapter }) => (adapter ? [adapter] : []));
  if (adapters.length === 0) {
    missing.push(
      "A WebGPU adapter: none is to be had here, so that training runs on the CPU only ('--backend cpu'). The reasons stand above.",
    );
  } else if (adapters.every(({ isSoftware }) => isSoftware)) {
    missing.push(
      "A GPU: every adapter computes in software, which is right but slow. If this machine has a GPU, install its driver (on Linux its Vulkan driver: NVIDIA's own, or the package mesa-vulkan-drivers).",
    );
  }
  if (dawn.version === null) missing.push("WebGPU in Node: run 'npm install webgpu'.");
  for (const { kind, found } of browsers) {
    if (found.length > 0) continue;
    missing.push(
      kind === 'chromium'
        ? "A Chromium browser: install Chrome, Chromium or Edge, or run 'npx puppeteer browsers install chrome'."
        : 'Firefox, a second WebGPU to compare with (not needed for anything else): install it from https://www.firefox.com or your distribution.',
    );
  }
  if (!mnist.isThere) {
    missing.push(
      "MNIST (digits serves in its place): run 'nudge data mnist', or set MNIST_DIR to its folder.",
    );
  }
  return missing;
}

function browserLines(diagnosis: BrowserDiagnosis): string[] {
  const { kind, version, used, found, passedOver, problem } = diagnosis;
  const name = kind === 'chromium' ? 'Chromium' : 'Firefox';
  if (found.length === 0) return [`${name}: ${problem ?? 'not found'}`];
  const others = found.filter(({ executablePath }) => executablePath !== used?.executablePath);
  const lines = used ? [`${name} (${version ?? ''}, ${describeBrowser(used)})`] : [name];
  if (used !== null || problem !== null) lines.push(...adapterLines(diagnosis));
  lines.push(...passedOver.map((sentence) => `  passed over: ${sentence}`));
  lines.push(...others.map((browser) => `  also found: ${describeBrowser(browser)}`));
  return lines;
}

/** Those that decide how large a network or a mini-batch can be; the JSON report has all. */
const limitsShown = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Those that make a difference to nudge, now or soon. */
const featuresShown = ['timestamp-query', 'subgroups', 'shader-f16'];

function adapterLines({ adapter, problem, probe }: Found): string[] {
  if (adapter === null) return [`  no adapter: ${problem ?? 'none was given'}`];
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
