/**
 * Many steps by several threads that share the memory. A step is cut into slices, each a share of the mini-batch that
 * goes through the whole network, and then a share of the parameters that goes through the optimizer. The threads meet
 * twice a step, or three times where gradients are clipped, at a barrier in memory; no message is sent before the last
 * step is made. All sums are of slices, in their order: however many threads share the slices, the bits are the same.
 */
import { pass } from './pass';
import { Context } from './structures';
import { addGradients, UpdateScalars, squareSum, update } from './update';

/** What the host asks of the threads, and where they meet. */
@unmanaged
export class Control {
  threads: i32;
  slices: i32;
  /** Threads that wait at the barrier; how often all have met, modulo 2³²; and threads that have gone to sleep. */
  arrived: i32;
  phase: i32;
  sleepers: i32;
  /** Grows with every pass of any thread, so that the host can tell slow from dead. */
  passes: i32;
  /** The first slice's {@link Context}, and bytes to the next. */
  contexts: usize;
  contextDistance: usize;
  /** Samples of a pass at most, a multiple of 4. */
  rows: i32;
  parameters: usize;
  gradient: usize;
  /** 0 where the optimizer keeps none. */
  firstMoment: usize;
  secondMoment: usize;
  /** Of all parameters, a multiple of 64; and from a slice's gradient to the next one's. */
  bytes: usize;
  /** {@link UpdateScalars} of each step. */
  updateScalars: usize;
  /** 0 where gradients are not clipped. */
  clipNorm: f32;
  /** f64 of each slice, whose sum is the square of the gradient's norm. */
  squares: usize;
  /** What each slice says in each step: its cost, f64, and its right predictions, u32; 16 bytes apart. */
  sums: usize;
  /** Samples in the order in which the epoch takes them, u32. */
  order: usize;
  sampleCount: i32;
  batchSize: i32;
  /** The step of the epoch to begin with, and how many to make. */
  firstStep: i32;
  steps: i32;
  /** The host does not want to wait for the end of the step; and some thread has left out some of it. */
  isStopped: i32;
  isCut: i32;
  /** Steps made, and 0 once an update was not finite, after whose step the threads stop. */
  made: i32;
  isFinite: i32;
}

/** Looks at the barrier before a thread goes to sleep: some 20 µs, more than most of what others are waited for. */
const patience = 20_000;

function meet(control: Control): void {
  const threads = control.threads;
  if (threads === 1) return;
  const base = changetype<usize>(control);
  const phase = atomic.load<i32>(base, offsetof<Control>('phase'));
  if (atomic.add<i32>(base, 1, offsetof<Control>('arrived')) === threads - 1) {
    atomic.store<i32>(base, 0, offsetof<Control>('arrived'));
    atomic.add<i32>(base, 1, offsetof<Control>('phase'));
    // Who counts itself a sleeper after this look finds that the phase is over, and does not sleep.
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

/** The gradient of a slice of `size` samples: whole fours of them, because tiles take four. */
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
  // Parts as equal as they can be: a last one of a few samples would cost as much as four.
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

/** Notes what a slice said in a step that is made. */
function noteSlice(control: Control, slice: i32, step: i32): void {
  const context = changetype<Context>(control.contexts + <usize>slice * control.contextDistance);
  const at = control.sums + (<usize>(step * control.slices + slice) << 4);
  store<f64>(at, context.costSum);
  store<u32>(at, context.correct, 8);
}

/** Where a slice of the parameters begins, in bytes: whole lines of the cache, so that no two threads write to one. */
// @ts-ignore: decorator
@inline
function sliceStart(control: Control, slice: i32): usize {
  const lines = <i32>(control.bytes >> 6);
  return <usize>((<i64>lines * slice) / control.slices) << 6;
}

/** Adds up what all samples ask of a slice of the parameters. */
function addSlice(control: Control, slice: i32): void {
  const gradient = control.gradient;
  const from = sliceStart(control, slice);
  const to = sliceStart(control, slice + 1);
  addGradients(gradient, control.bytes, control.slices, from, to);
  if (control.clipNorm > 0) {
    store<f64>(control.squares + (<usize>slice << 3), squareSum(gradient + from, gradient + to));
  }
}

/** Brings a slice of the parameters up to date. */
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

/** As `src/reference/clip.ts` has it; every thread adds up the same numbers in the same order. */
function clipScale(control: Control, scale: f32): f32 {
  let square: f64 = 0;
  for (let s = 0; s < control.slices; s++) {
    square += load<f64>(control.squares + (<usize>s << 3));
  }
  const norm = sqrt(square) * <f64>scale;
  const most = <f64>control.clipNorm / (norm + 1e-6);
  // Not min, which would make 1 of NaN.
  return most > 1 ? 1 : <f32>most;
}

/** Makes the steps that the host has asked for, as thread number `thread` of `control.threads`. */
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
    // Set before they met, so that all of them see the same.
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
