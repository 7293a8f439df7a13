/**
 * WGSL that selects the samples of a step, shared by all kernels that read the data.
 *
 * The step counter is on the GPU, so that hundreds of steps can be recorded as identical commands. It has two words,
 * `step` and `next`, because within a dispatch no invocation may read what another writes. The first kernel of a step,
 * the forward pass of the first layer, reads `step` and writes `next = step + 1`. All other kernels read `next`, and
 * the last kernel writes `step = next`.
 */
import type { Binding } from './kernel.ts';

/** Bindings of a kernel that reads the bytes of samples. */
export const sampleBindings: readonly Binding[] = [
  { name: 'samples', access: 'read', type: 'array<u32>' },
  { name: 'order', access: 'read', type: 'array<u32>' },
];

/** @param access `read_write` only for the first and the last kernel of a step */
export function counterBinding(access: 'read' | 'read_write'): Binding {
  return { name: 'counter', access, type: 'Counter' };
}
/** Counter of a kernel that updates parameters, followed by the words that `raiseNonFinite` writes. */
export const flaggedCounterBinding: Binding = {
  name: 'counter',
  access: 'read_write',
  type: 'FlaggedCounter',
};
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

export const settingsBinding: Binding = { name: 'settings', access: 'uniform', type: 'Settings' };

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
/** Bytes of `Settings`; the size of uniform buffers is a multiple of 16. */
export const settingsBytes = 16;

/**
 * `fn batchRows() -> u32`: number of samples in the mini-batch of the step; the last one of an epoch may have fewer.
 */
export function batchRows(batchSize: number): string {
  return /* wgsl */ `
fn batchRows() -> u32 { return min(settings.sampleCount - step * ${batchSize}u, ${batchSize}u); }`;
}

/**
 * `fn sampleOf(row: u32) -> u32`: returns the sample in a row of the mini-batch. Rows past the end of a short batch
 * repeat the last sample; their delta is 0, so they do not count.
 */
export function sampleOf(batchSize: number): string {
  return /* wgsl */ `
fn sampleOf(row: u32) -> u32 { return order[min(step * ${batchSize}u + row, settings.sampleCount - 1u)]; }`;
}

/** `fn samplesOf(row4: u32) -> vec4u`: returns the samples of four rows. */
export const samplesOf = /* wgsl */ `
fn samplesOf(row4: u32) -> vec4u {
  return vec4u(sampleOf(4u * row4), sampleOf(4u * row4 + 1u), sampleOf(4u * row4 + 2u), sampleOf(4u * row4 + 3u));
}`;

/**
 * `fn bytesOf(word: u32) -> vec4f`: returns four features, 0 to 255. The values are exact; the factor 1/255 is applied
 * to their sums.
 */
export const bytesOf = /* wgsl */ `
fn bytesOf(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
}`;
