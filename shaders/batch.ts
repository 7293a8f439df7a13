/**
 * Which samples a step works on, as WGSL that every kernel touching the data shares.
 *
 * The step counter lives on the GPU, so that hundreds of steps can be recorded as identical commands. It is two
 * words, `step` and `next`, because within a dispatch no invocation may read what another writes: a step's first
 * kernel, the forward pass of the first layer, reads `step` and writes `next = step + 1`; all others read `next`;
 * and its last kernel writes `step = next`.
 */
import type { Binding } from './kernel.ts';

/** What a kernel that reads the bytes of samples binds. */
export const sampleBindings: readonly Binding[] = [
  { name: 'samples', access: 'read', type: 'array<u32>' },
  { name: 'order', access: 'read', type: 'array<u32>' },
];

/** @param access `read_write` for a step's first and last kernel alone */
export function counterBinding(access: 'read' | 'read_write'): Binding {
  return { name: 'counter', access, type: 'Counter' };
}
/** The counter of a kernel that changes parameters, with the words behind it where `raiseNonFinite` leaves its word. */
export const flaggedCounterBinding: Binding = {
  name: 'counter',
  access: 'read_write',
  type: 'FlaggedCounter',
};
/** The first kernel of a step: the step it belongs to, in `step`. */
export const startStep = /* wgsl */ `
  step = counter.step;
  if (invocation == 0u) { counter.next = step + 1u; }`;
/** Any later kernel. */
export const sameStep = /* wgsl */ `
  step = counter.next - 1u;`;
/** The last kernel of a step, after `sameStep`. */
export const endStep = /* wgsl */ `
  if (invocation == 0u) { counter.step = step + 1u; }`;

/**
 * Where `finite` is false: keeps for the host, in a word a layer, the first step of the whole training at which the
 * layer's update was not finite. Inverted, so that 0 means never and no word has to be set beforehand; the branch
 * is never taken while all is well.
 * @param layer WGSL for the layer's number
 */
export function raiseNonFinite(layer: string): string {
  return /* wgsl */ `
  if (!finite) { atomicMax(&counter.nonFinite[${layer}], ~(settings.stepsBefore + step)); }`;
}

export const settingsBinding: Binding = { name: 'settings', access: 'uniform', type: 'Settings' };

/**
 * Layouts of the uniform buffer `settings`, which is what changes between submits, and of the buffer `counter`; and
 * `step`, for functions that need to know it.
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
/** Bytes of `Settings`; uniform buffers come in 16s. */
export const settingsBytes = 16;

/** `fn batchRows() -> u32`: samples in the mini-batch of the step, fewer in the last one of an epoch. */
export function batchRows(batchSize: number): string {
  return /* wgsl */ `
fn batchRows() -> u32 { return min(settings.sampleCount - step * ${batchSize}u, ${batchSize}u); }`;
}

/**
 * `fn sampleOf(row: u32) -> u32`: the sample in a row of the mini-batch. Rows past the end of a short batch repeat the
 * last sample; their delta is 0, so that they count for nothing.
 */
export function sampleOf(batchSize: number): string {
  return /* wgsl */ `
fn sampleOf(row: u32) -> u32 { return order[min(step * ${batchSize}u + row, settings.sampleCount - 1u)]; }`;
}

/** `fn samplesOf(row4: u32) -> vec4u`: those in four rows. */
export const samplesOf = /* wgsl */ `
fn samplesOf(row4: u32) -> vec4u {
  return vec4u(sampleOf(4u * row4), sampleOf(4u * row4 + 1u), sampleOf(4u * row4 + 2u), sampleOf(4u * row4 + 3u));
}`;

/** `fn bytesOf(word: u32) -> vec4f`: four features, 0 to 255. Exact; the factor 1/255 is applied to sums of them. */
export const bytesOf = /* wgsl */ `
fn bytesOf(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
}`;
