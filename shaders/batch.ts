/**
 * WGSL that selects the samples of a step, shared by all kernels that read the data.
 *
 * The step counter is on the GPU, so that hundreds of steps can be recorded as identical commands. It has two words,
 * `step` and `next`, because within a dispatch no invocation may read what another writes. The first kernel of a step,
 * the forward pass of the first layer, reads `step` and writes `next = step + 1`. All other kernels read `next`, and
 * the last kernel writes `step = next`.
 */
import { buffer, type Binding } from './kernel.ts';
import { vec4s } from './wgsl.ts';

/** Rows of the mini-batch buffers: the batch size rounded up to whole blocks. */
export const paddedRows = (batchSize: number) => 4 * vec4s(batchSize);

/** The bytes of the samples. */
export const samplesBinding = buffer('samples', 'read', 'array<u32>');

/**
 * `flagged` for kernels that update parameters: the words that `raiseNonFinite` writes follow the counter. `read_write`
 * for the others that are the first or the last of a step.
 */
type CounterAccess = 'read' | 'read_write' | 'flagged';

/** The step counter and the settings. */
export function stepBindings(access: CounterAccess): readonly Binding[] {
  return [
    access === 'flagged'
      ? buffer('counter', 'read_write', 'FlaggedCounter')
      : buffer('counter', access, 'Counter'),
    { name: 'settings', access: 'uniform', type: 'Settings' },
  ];
}

/** Bindings of `batchCode`. */
export function batchBindings(access: CounterAccess): readonly Binding[] {
  return [buffer('order', 'read', 'array<u32>'), ...stepBindings(access)];
}

/** For the first kernel of a step: reads the step number into `step`. */
export const startStep = /* wgsl */ `
  step = counter.step;
  if (invocation == 0u) { counter.next = step + 1u; }`;
/** For all later kernels of a step. */
export const sameStep = /* wgsl */ `
  step = counter.next - 1u;`;
/** For the last kernel of a step, after `sameStep`. */
export const endStep = /* wgsl */ `
  if (invocation == 0u) { counter.step = step + 1u; }`;

/**
 * If `finite` is false, records for the host the first training step at which the update of a layer was not finite, one
 * word per layer. The step is stored inverted, so that 0 means never and no initialization is needed. The branch is not
 * taken in normal training.
 * @param layer WGSL expression for the number of the layer
 */
export function raiseNonFinite(layer: string): string {
  return /* wgsl */ `
  if (!finite) { atomicMax(&counter.nonFinite[${layer}], ~(settings.stepsBefore + step)); }`;
}

/**
 * Layout of the uniform buffer `settings`, whose values change between submits, and of the buffer `counter`. Also
 * declares `step` for functions that need it.
 */
export const settingsStruct = /* wgsl */ `
var<private> step: u32;
struct Settings {
  sampleCount: u32,
  // Steps of training made before step 0 of this epoch or chunk; may wrap.
  stepsBefore: u32,
}
struct Counter {
  step: u32,
  next: u32,
}
struct FlaggedCounter {
  step: u32,
  next: u32,
  nonFinite: array<atomic<u32>>,
}`;

/** The settings, and the functions that select and read samples. */
export function batchCode(batchSize: number): string {
  return /* wgsl */ `${settingsStruct}
// The sample in a row of the mini-batch. Rows past the end of a short batch repeat the last sample; their delta is 0, so
// they do not count.
fn sampleOf(row: u32) -> u32 { return order[min(step * ${batchSize}u + row, settings.sampleCount - 1u)]; }
${sampleFunctions(batchSize)}`;
}

/** Functions on top of `sampleOf`, `step` and `settings`. */
export function sampleFunctions(batchSize: number): string {
  return /* wgsl */ `
// The last mini-batch of an epoch may have fewer samples.
fn batchRows() -> u32 { return min(settings.sampleCount - step * ${batchSize}u, ${batchSize}u); }
fn samplesOf(row4: u32) -> vec4u {
  return vec4u(sampleOf(4u * row4), sampleOf(4u * row4 + 1u), sampleOf(4u * row4 + 2u), sampleOf(4u * row4 + 3u));
}
// Four features, 0 to 255. They are exact; the factor 1/255 is applied to their sums.
fn bytesOf(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
}`;
}
