import {
  ConfigurationError,
  DisposedError,
  LimitError,
  NoAdapterError,
  NudgeError,
  OutOfMemoryError,
  ShaderError,
} from '../errors.ts';
import {
  requireFunction,
  requireMethods,
  requireOptions,
  show,
  type OptionNames,
} from '../network/arguments.ts';
import { requireOneOf } from '../network/functions.ts';
import { adapterName, describeAdapter, type AdapterDescription } from './adapter.ts';
import { compilesAhead } from './software/adapters.ts';
import { Prompter } from './prompter.ts';
import { asError, Watch } from './watch.ts';

export interface DeviceOptions {
  /** Where adapters come from. Default `navigator.gpu`; in Node, what `createGpu()` of `nudge/node` gives. */
  readonly gpu?: GPU | undefined;
  /** Which of several adapters. Default `high-performance`. */
  readonly powerPreference?: GPUPowerPreference;
  /**
   * Milliseconds that the device may go without finishing anything before it counts as lost. Default 5000; and a minute
   * on software adapters other than SwiftShader, which compile when kernels are first dispatched and finish nothing
   * meanwhile.
   */
  readonly timeoutMs?: number;
  /**
   * Whether somebody looks at a page that this GPU draws. If so, what is submitted comes in pieces of 4–10 ms, so that
   * the page stays responsive; if not, in pieces of 40 ms, which is fastest. Asked before each submit. Default: in a
   * document, whether it is visible; in a worker of a page, which cannot know, true; in Node and Deno, false.
   */
  readonly isVisible?: (() => boolean) | undefined;
}

const deviceOptionNames: OptionNames<DeviceOptions> = {
  ...{ gpu: true, powerPreference: true, timeoutMs: true, isVisible: true },
};

/**
 * Every limit nudge depends on. A device has the default limits unless more is asked for by name, so the
 * adapter's own value of each is asked for.
 */
const limitNames = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxUniformBufferBindingSize',
  'maxBindingsPerBindGroup',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeWorkgroupStorageSize',
] as const;

/** What nudge uses where an adapter has it. */
const featureNames = ['timestamp-query', 'subgroups'] as const;

export type LimitName = (typeof limitNames)[number];

const usualTimeoutMs = 5000;
/** 24.8 days. JavaScript's timers take anything longer for no time at all. */
const maxTimeoutMs = 2 ** 31 - 1;

/** How long a device is waited for by default; see `DeviceOptions.timeoutMs`. */
export function defaultTimeoutMs(adapter: AdapterDescription): number {
  return adapter.isSoftware && !compilesAhead(adapter) ? 60_000 : usualTimeoutMs;
}

/** The default of `DeviceOptions.isVisible`. */
export function isPageVisible(): boolean {
  interface Global {
    readonly document?: Pick<Document, 'hidden'>;
    readonly WorkerGlobalScope?: unknown;
    readonly Deno?: unknown;
  }
  const { document, WorkerGlobalScope, Deno } = globalThis as Global;
  if (document) return !document.hidden;
  // Deno has workers of this kind too, and no page.
  return WorkerGlobalScope !== undefined && Deno === undefined;
}

/** How many storage buffers the largest kernel binds: WebGPU's default limit. */
const storageBuffersNeeded = 8;

/**
 * Where a network runs: a WebGPU device that notices when it is lost, stuck or misused, and counts its buffers
 * and textures.
 *
 * @example
 * const device = await Device.request();
 * device.adapter.isSoftware; // whether this is a GPU at all
 */
export class Device {
  readonly adapter: AdapterDescription;
  /** The raw WebGPU device. */
  readonly gpu: GPUDevice;
  /** Whether somebody looks at a page that this GPU draws. */
  readonly isVisible: () => boolean;
  readonly #watch: Watch;
  readonly #prompter: Prompter;
  readonly #made = new Set<GPUBuffer | GPUTexture>();
  #error: NudgeError | undefined;

  /**
   * Kept for as long as the device: Dawn's Node binding tears its instance down when the `GPU` object is
   * collected, and takes the process with it if something is being compiled.
   */
  readonly #instance: GPU;

  private constructor(
    instance: GPU,
    gpu: GPUDevice,
    adapter: AdapterDescription,
    timeoutMs: number,
    isVisible: () => boolean,
  ) {
    this.#instance = instance;
    this.gpu = gpu;
    this.adapter = adapter;
    this.isVisible = isVisible;
    this.#watch = new Watch(gpu.lost, timeoutMs);
    this.#prompter = new Prompter(gpu.queue);
    gpu.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      // Only the first: what follows is mostly its echo.
      this.#error ??= typedError(event.error, 'WebGPU reported an error');
    });
  }

  /**
   * Requests an adapter and a device with all the adapter's limits that nudge uses.
   * @throws {NoAdapterError} when there is no WebGPU, no adapter, or the adapter gives no device
   *   within `timeoutMs`
   * @throws {LimitError} when the adapter is too small for any network
   * @throws {ConfigurationError} for options that make no sense
   */
  static async request(options: DeviceOptions = {}): Promise<Device> {
    requireOptions('Device.request', options, deviceOptionNames);
    const gpu = options.gpu ?? (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
    const timeoutMs = options.timeoutMs ?? usualTimeoutMs;
    if (!(typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= maxTimeoutMs)) {
      throw new ConfigurationError(
        `timeoutMs is a number of milliseconds greater than 0 and at most ${maxTimeoutMs}, and ${show(timeoutMs)} was given.`,
      );
    }
    if (options.gpu !== undefined) requireMethods('gpu', 'a GPU', gpu, ['requestAdapter']);
    requireFunction('isVisible', options.isVisible);
    if (!gpu) {
      throw new NoAdapterError(
        'There is no WebGPU here (navigator.gpu is missing). Use a browser that has it, on https:// or localhost; ' +
          "in Node, pass { gpu: await createGpu() } from 'nudge/node'; or use backend 'cpu'.",
      );
    }
    const { powerPreference = 'high-performance' } = options;
    requireOneOf('powerPreference', powerPreference, ['high-performance', 'low-power']);
    const adapter = await answerOf(
      gpu.requestAdapter({ powerPreference }),
      timeoutMs,
      'WebGPU is here but could not be asked for an adapter',
    );
    if (!adapter) {
      throw new NoAdapterError(
        "WebGPU is here but gave no adapter: no graphics driver it accepts. Run 'nudge doctor' to see what is missing, or use backend 'cpu'.",
      );
    }
    const description = describeAdapter(adapter.info, adapter.features.has('subgroups'));
    if (adapter.limits.maxStorageBuffersPerShaderStage < storageBuffersNeeded) {
      throw new LimitError(
        `Adapter ${adapterName(description)} lets a shader use ${adapter.limits.maxStorageBuffersPerShaderStage} storage buffers, ` +
          `and nudge needs ${storageBuffersNeeded}. Use backend 'cpu'.`,
      );
    }
    const device = await answerOf(
      adapter.requestDevice({
        label: 'nudge',
        requiredFeatures: featureNames.filter((name) => adapter.features.has(name)),
        requiredLimits: Object.fromEntries(
          limitNames.map((name) => [name, adapter.limits[name]] as const),
        ),
      }),
      timeoutMs,
      `Adapter ${adapterName(description)} gave no device`,
    );
    const patience = options.timeoutMs ?? defaultTimeoutMs(description);
    const made = new Device(gpu, device, description, patience, options.isVisible ?? isPageVisible);
    // Now, while nothing else is asked of the GPU: behind uploads and compiling, any browser seems to look on a timer.
    // If this fails, the first call that waits throws the error.
    made.#prompter.measure().catch(() => undefined);
    return made;
  }

  /** What adapters come from; for requesting another device after this one is lost. */
  get instance(): GPU {
    return this.#instance;
  }

  /** Whether GPU time can be measured. */
  get hasTimestamps(): boolean {
    return this.gpu.features.has('timestamp-query');
  }

  /** Buffers and textures made and not destroyed; 0 after every engine on this device is disposed. */
  get liveBuffers(): number {
    return this.#made.size;
  }

  limit(name: LimitName): number {
    return this.gpu.limits[name];
  }

  /**
   * Makes buffers, textures and whatever else `build` makes, synchronously, and waits for WebGPU's word on it.
   * @throws {OutOfMemoryError | ShaderError} what WebGPU had against it; what was allocated is then destroyed
   */
  async create<T>(
    what: string,
    build: (allocate: Allocate, allocateTexture: AllocateTexture) => T,
  ): Promise<T> {
    this.throwIfUnusable();
    const made: (GPUBuffer | GPUTexture)[] = [];
    const counted = <R extends GPUBuffer | GPUTexture>(resource: R): R => {
      this.#made.add(resource);
      made.push(resource);
      return resource;
    };
    const allocate: Allocate = (label, size, usage, largestBinding = size) => {
      this.#requireBufferFits(label, size, usage, largestBinding);
      return counted(this.gpu.createBuffer({ label, size, usage }));
    };
    const allocateTexture: AllocateTexture = (descriptor) =>
      counted(this.gpu.createTexture(descriptor));
    // Error scopes are a stack that the whole device shares: pushed and popped without an await in between,
    // they cannot catch anybody else's error.
    this.gpu.pushErrorScope('validation');
    this.gpu.pushErrorScope('out-of-memory');
    let errors: Promise<PromiseSettledResult<GPUError | null>[]>;
    try {
      let result: T;
      try {
        result = build(allocate, allocateTexture);
      } finally {
        errors = Promise.allSettled([this.gpu.popErrorScope(), this.gpu.popErrorScope()]);
      }
      for (const outcome of await this.guard(`creating ${what}`, errors)) {
        if (outcome.status === 'rejected') throw asError(outcome.reason);
        if (outcome.value) throw typedError(outcome.value, `Could not create ${what}`);
      }
      return result;
    } catch (error) {
      this.release(made);
      throw error;
    }
  }

  /**
   * Makes storage buffers that can be copied to and from.
   * @param sizes bytes of each, by name
   * @throws what {@link create} throws
   */
  async createBuffers(
    what: string,
    sizes: Iterable<readonly [string, number]>,
  ): Promise<ReadonlyMap<string, GPUBuffer>> {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return await this.create(
      what,
      (allocate) =>
        new Map(Array.from(sizes, ([name, size]) => [name, allocate(name, size, usage)])),
    );
  }

  /** Destroys buffers and textures; ones already released are left alone. */
  release(resources: Iterable<GPUBuffer | GPUTexture>): void {
    for (const resource of resources) {
      if (this.#made.delete(resource)) resource.destroy();
    }
  }

  /**
   * Waits for a promise of WebGPU's, which may never settle when the device is lost or stuck.
   * @param what the work waited for, for the error: 'the cost of step 100'
   * @throws {DeviceLostError} within `timeoutMs` of the last sign of life
   */
  async guard<T>(what: string, promise: Promise<T>): Promise<T> {
    const value = await this.#watch.race(what, promise);
    this.throwIfUnusable();
    return value;
  }

  /**
   * Waits, as {@link guard} does, for work that was submitted; in browsers that look for finished work now and then
   * only, with what makes them look.
   */
  async finish<T>(what: string, promise: Promise<T>): Promise<T> {
    return await this.#prompter.during(this.guard(what, promise));
  }

  /**
   * Finds out how this browser looks for finished work. To be called, and awaited, before the first submit; what it
   * finds is kept.
   */
  async learnToWait(): Promise<void> {
    if (this.#prompter.isMeasured) return;
    await this.guard('finding out how finished work is reported', this.#prompter.measure());
  }

  /** @throws the first error that WebGPU reported outside of any call, if it did, or that the device is lost */
  throwIfUnusable(): void {
    if (this.#error) throw this.#error;
    this.#watch.throwIfLost();
  }

  /** Destroys the device and all that lives on it. Calling it again does nothing. */
  destroy(): void {
    this.release([...this.#made]);
    this.#watch.stop(
      new DisposedError('This device was destroyed. Request a new one with Device.request().'),
    );
    this.gpu.destroy();
  }

  #requireBufferFits(label: string, size: number, usage: number, largestBinding: number): void {
    const requireWithin = (needed: number, name: LimitName): void => {
      const limit = this.limit(name);
      if (needed <= limit) return;
      throw new LimitError(
        `Buffer '${label}' needs ${needed} bytes, and ${adapterName(this.adapter)} allows ${limit} (${name}). ` +
          'Use smaller layers or mini-batches; a dataset that large can be streamed.',
      );
    };
    if ((usage & GPUBufferUsage.STORAGE) !== 0) {
      requireWithin(largestBinding, 'maxStorageBufferBindingSize');
    }
    requireWithin(size, 'maxBufferSize');
  }
}

/**
 * Waits for an adapter or a device, which a driver in trouble may never give.
 * @throws {NoAdapterError} beginning with `fact`, within `timeoutMs`
 */
async function answerOf<T>(answer: Promise<T>, timeoutMs: number, fact: string): Promise<T> {
  const neverLost = new Promise<GPUDeviceLostInfo>(() => undefined);
  try {
    return await new Watch(neverLost, timeoutMs).race('opening a device', answer);
  } catch (cause) {
    // A GPU of ours, such as Dawn's in Node, says better itself what is missing.
    if (cause instanceof NoAdapterError) throw cause;
    throw new NoAdapterError(
      `${fact} (${asError(cause).message}). Close other pages that use the GPU, or use backend 'cpu'.`,
      { cause },
    );
  }
}

/**
 * Makes a counted buffer; sizes in bytes.
 * @param largestBinding of the ranges it is bound in; all of it, unless given
 */
export type Allocate = (
  label: string,
  size: number,
  usage: GPUBufferUsageFlags,
  largestBinding?: number,
) => GPUBuffer;

/** Makes a counted texture. */
export type AllocateTexture = (descriptor: GPUTextureDescriptor) => GPUTexture;

function typedError(error: GPUError, what: string): NudgeError {
  const isOutOfMemory =
    typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError;
  return isOutOfMemory
    ? new OutOfMemoryError(
        `${what}: the device is out of memory (${error.message}). Use a smaller network or mini-batch, or close other pages.`,
        { cause: error },
      )
    : new ShaderError(`${what}: ${error.message}. This is a bug in nudge; please report it.`, {
        cause: error,
      });
}
