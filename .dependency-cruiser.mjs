/**
 * Who may import whom. `npm run layers` checks it, types included.
 *
 * The layers from the bottom up: each may import the layers before it, and none after it.
 */
const layers = {
  errors: '^src/errors\\.ts$',
  network: '^src/network/',
  formats: '^src/formats/',
  data: '^src/data/',
  engine: '^src/engine/',
  shaders: '^shaders/',
  reference: '^src/reference/',
  cpu: '^src/cpu/',
  gpu: '^src/gpu/',
  training: '^src/training/',
  benchmark: '^src/benchmark/',
  index: '^src/index\\.ts$',
  page: '^src/page/',
  node: '^src/node/',
  cli: '^src/cli/',
  bench: '^bench/',
  examples: '^examples/',
};

/** Layers beside each other, of which none knows another. */
const strangers = [
  ['formats', 'data'],
  ['shaders', 'formats'],
  ['shaders', 'data'],
  ['shaders', 'engine'],
  ['reference', 'shaders'],
  ['cpu', 'shaders'],
  ['gpu', 'reference'],
  ['gpu', 'cpu'],
];

/** Packages that one place alone may import. */
const packages = {
  'wgsl-preprocessor': '^shaders/wgsl\\.ts$',
  valibot: '^src/(benchmark/result|cli|gpu/plan)/',
  sirv: '^src/node/server\\.ts$',
  devalue: '^src/page/nudgePage\\.ts$',
  idb: '^src/page/',
  'preact|@preact/signals': '^src/page/(lesson|home)/',
  'commander|cli-progress': '^src/cli/|^bench/',
  'puppeteer(-core)?|webgpu|@sparticuz/chromium': '^src/(node|cli)/|^bench/',
};

/** The other libraries: their packages, or the declarations of ours that tsconfig.json has types come from. */
const peers = '^(node_modules/(@tensorflow|@jax-js)/|src/benchmark/peers/declarations/)';

const paths = Object.values(layers);

export default {
  forbidden: [
    ...Object.entries(layers).map(([name, path], i) => ({
      name: `nothing above ${name}`,
      comment: `${name} is imported by the layers above it, and imports none of them.`,
      severity: 'error',
      from: { path },
      to: { path: [...paths.slice(i + 1), '^test/'] },
    })),
    ...strangers.map(([one, other]) => ({
      name: `${one} without ${other}`,
      comment: `${one} and ${other} stand side by side.`,
      severity: 'error',
      from: { path: layers[one] },
      to: { path: layers[other] },
    })),
    ...Object.entries(packages).map(([name, path]) => ({
      name: `${name.replaceAll(/[^\w|/@-]/g, '')} in one place`,
      severity: 'error',
      from: { pathNot: path },
      to: { path: `^node_modules/(${name})/` },
    })),
    {
      name: 'other libraries in one place',
      severity: 'error',
      from: { pathNot: '^src/benchmark/peers/' },
      to: { path: peers },
    },
    {
      name: 'nudge without other libraries',
      comment:
        'They are development dependencies: the page has them built in, and nothing else may load them.',
      severity: 'error',
      from: { path: '^src/(index|node/index|cli/main|page/(main|headless))\\.ts$' },
      to: { path: peers, reachable: true },
    },
    {
      name: 'Node in node and cli alone',
      comment: 'Everything else runs in browsers and Deno, too.',
      severity: 'error',
      from: { path: '^(src|shaders)/', pathNot: '^src/(node|cli)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'software adapters are an annex',
      comment:
        'Each of its two folders can be deleted with one import, and the rest works as before on GPUs.',
      severity: 'error',
      from: {
        pathNot:
          '^(shaders|src/gpu)/software/|^shaders/matmul/matmul\\.ts$|^src/gpu/plan/choose\\.ts$',
      },
      to: { path: '^(shaders|src/gpu)/software/' },
    },
    {
      name: 'examples use the public API',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(src|shaders|bench)/', pathNot: '^src/(node/)?index\\.ts$' },
    },
    {
      name: 'no circle',
      comment: 'Types count: what knows each other cannot be read, tested or moved alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no file that is not there',
      severity: 'error',
      from: {},
      // Types alone, which have nothing to be loaded.
      to: { couldNotResolve: true, pathNot: '^@webgpu/types$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/cpu/assembly/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'default', 'types'],
    },
  },
};
