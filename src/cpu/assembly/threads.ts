/**
 * Makes many steps in several threads that share memory. A step is divided into slices. A slice first runs a share of
 * the mini-batch through the whole network, then updates a share of the parameters. The threads meet at a barrier in
 * memory twice per step, or three times with clipping. They send no message before the last step. Sums are added up in
 * the order of the slices, so the bits do not depend on the number of threads.
 */
import { pass } from './pass';
import { Context } from './structures';
import { addGradients, UpdateScalars, squareSum, update } from './update';

/** The host's command to the threads, and their barrier. */
@unmanaged
export class Control {
  threads: i32;
  slices: i32;
  /** The barrier: waiting threads, number of completed meetings modulo 2³², and sleeping threads. */
  arrived: i32;
  phase: i32;
  sleepers: i32;
  /** Counts the passes of all threads, so that the host can tell slow threads from dead ones. */
  passes: i32;
  /** Address of the first slice's {@link Context}, and the distance in bytes to the next. */
  contexts: usize;
  contextDistance: usize;
  /** Maximum number of samples per pass, a multiple of 4. */
  rows: i32;
  parameters: usize;
  gradient: usize;
  /** 0 if the optimizer keeps none. */
  firstMoment: usize;
  secondMoment: usize;
  /** Size of all parameters, a multiple of 64; also the distance between two slices' gradients. */
  bytes: usize;
  /** {@link UpdateScalars} of each step. */
  updateScalars: usize;
  /** 0 disables clipping. */
  clipNorm: f32;
  /** One f64 per slice. Their sum is the square of the gradient's norm. */
  squares: usize;
  /** For each step and slice, 16 bytes: the cost sum, f64, and the number of correct predictions, u32. */
  sums: usize;
  /** Sample indices in the order of the epoch, u32. */
  order: usize;
  sampleCount: i32;
  batchSize: i32;
  /** The first step, counting from 0 in the epoch, and the number of steps. */
  firstStep: i32;
  steps: i32;
  /** Whether the host has cancelled the step; and whether a thread has therefore skipped a part of it. */
  isStopped: i32;
  isCut: i32;
  /** Steps made; and 0 after a non-finite update. The threads stop after that step. */
  made: i32;
  isFinite: i32;
}

/** Number of times a thread polls the barrier before it sleeps: about 20 µs, longer than most waits. */
const patience = 20_000;

function meet(control: Control): void {
  const threads = control.threads;
  if (threads === 1) return;
  const base = changetype<usize>(control);
  const phase = atomic.load<i32>(base, offsetof<Control>('phase'));
  if (atomic.add<i32>(base, 1, offsetof<Control>('arrived')) === threads - 1) {
    atomic.store<i32>(base, 0, offsetof<Control>('arrived'));
    atomic.add<i32>(base, 1, offsetof<Control>('phase'));
    // A thread that increments `sleepers` after this check sees the new phase and does not sleep.
    if (atomic.load<i32>(base, offsetof<Control>('sleepers')) > 0) {
      atomic.notify(base + offsetof<Control>('phase'), threads);
    }
    return;
  }
  for (let look = 0; look < patience; look++) {
    if (atomic.load<i32>(base, offsetof<Control>('phase')) !== phase) return;
  }
  atomic.add<i32>(base, 1, offsetof<Control>('sleepers'));
  while (atomic.load<i32>(base, offsetof<Control>('phase')) === phase) {
    atomic.wait<i32>(base + offsetof<Control>('phase'), phase, -1);
  }
  atomic.sub<i32>(base, 1, offsetof<Control>('sleepers'));
}

// @ts-ignore: decorator
@inline
function fours(value: i32): i32 {
  return (value + 3) & ~3;
}

/** Computes the gradient of a slice of the mini-batch. Shares start at multiples of 4, because tiles have 4 samples. */
function passSlice(control: Control, slice: i32, samples: usize, size: i32): void {
  const slices = control.slices;
  const rows = control.rows;
  const context = changetype<Context>(control.contexts + <usize>slice * control.contextDistance);
  const from = min(size, fours((size * slice) / slices));
  const to = min(size, fours((size * (slice + 1)) / slices));
  const share = to - from;
  context.costSum = 0;
  context.correct = 0;
  if (share === 0) {
    memory.fill(control.gradient + <usize>slice * control.bytes, 0, control.bytes);
    return;
  }
  // Parts are as equal as possible, because a last part of one sample would cost as much as four.
  const parts = (share + rows - 1) / rows;
  const most = fours((share + parts - 1) / parts);
  for (let start = from; start < to; start += most) {
    if (atomic.load<i32>(changetype<usize>(control), offsetof<Control>('isStopped'))) {
      atomic.store<i32>(changetype<usize>(control), 1, offsetof<Control>('isCut'));
      return;
    }
    const count = min(most, to - start);
    pass(context, samples + (<usize>start << 2), count, true, start > from);
    atomic.add<i32>(changetype<usize>(control), 1, offsetof<Control>('passes'));
  }
}

/** Stores a slice's sums for the host. */
function noteSlice(control: Control, slice: i32, step: i32): void {
  const context = changetype<Context>(control.contexts + <usize>slice * control.contextDistance);
  const at = control.sums + (<usize>(step * control.slices + slice) << 4);
  store<f64>(at, context.costSum);
  store<u32>(at, context.correct, 8);
}

/**
 * The byte offset of a slice of the parameters. It is aligned to cache lines, so that no two threads write to one line.
 */
// @ts-ignore: decorator
@inline
function sliceStart(control: Control, slice: i32): usize {
  const lines = <i32>(control.bytes >> 6);
  return <usize>((<i64>lines * slice) / control.slices) << 6;
}

/** Adds up the gradients of all slices for one slice of the parameters. */
function addSlice(control: Control, slice: i32): void {
  const gradient = control.gradient;
  const from = sliceStart(control, slice);
  const to = sliceStart(control, slice + 1);
  addGradients(gradient, control.bytes, control.slices, from, to);
  if (control.clipNorm > 0) {
    store<f64>(control.squares + (<usize>slice << 3), squareSum(gradient + from, gradient + to));
  }
}

/** Updates a slice of the parameters. */
function updateSlice(control: Control, slice: i32, updateScalars: UpdateScalars, scale: f32): void {
  const from = sliceStart(control, slice);
  const to = sliceStart(control, slice + 1);
  const isFinite = update(
    updateScalars,
    scale,
    control.parameters + from,
    control.gradient + from,
    control.firstMoment + from,
    control.secondMoment + from,
    to - from,
  );
  if (!isFinite) atomic.store<i32>(changetype<usize>(control), 0, offsetof<Control>('isFinite'));
}

/** See `src/reference/clip.ts`. Every thread adds up the same numbers in the same order. */
function clipScale(control: Control, scale: f32): f32 {
  let square: f64 = 0;
  for (let s = 0; s < control.slices; s++) {
    square += load<f64>(control.squares + (<usize>s << 3));
  }
  const norm = sqrt(square) * <f64>scale;
  const most = <f64>control.clipNorm / (norm + 1e-6);
  // NaN must stay NaN, so this does not use min.
  return most > 1 ? 1 : <f32>most;
}

/** Makes the steps of the host's command, as thread number `thread` of `control.threads`. */
export function train(control: Control, thread: i32): void {
  const steps = control.steps;
  const batchSize = control.batchSize;
  const first = (control.slices * thread) / control.threads;
  const end = (control.slices * (thread + 1)) / control.threads;
  for (let step = 0; step < steps; step++) {
    const start = (control.firstStep + step) * batchSize;
    const size = min(batchSize, control.sampleCount - start);
    const samples = control.order + (<usize>start << 2);
    for (let s = first; s < end; s++) passSlice(control, s, samples, size);
    meet(control);
    // `isCut` is set before the barrier, so all threads see the same value.
    if (atomic.load<i32>(changetype<usize>(control), offsetof<Control>('isCut'))) return;
    for (let s = first; s < end; s++) {
      noteSlice(control, s, step);
      addSlice(control, s);
    }
    const updateScalars = changetype<UpdateScalars>(control.updateScalars + <usize>step * offsetof<UpdateScalars>());
    let scale = updateScalars.scale;
    if (control.clipNorm > 0) {
      meet(control);
      scale *= clipScale(control, updateScalars.scale);
    }
    for (let s = first; s < end; s++) updateSlice(control, s, updateScalars, scale);
    meet(control);
    if (thread === 0) control.made = step + 1;
    if (!atomic.load<i32>(changetype<usize>(control), offsetof<Control>('isFinite'))) return;
  }
}
