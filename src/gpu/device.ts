import {
  DeviceLostError,
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
  type OptionNames,
} from '../network/arguments.ts';
import { requireOneOf } from '../network/functions.ts';
import {
  adapterName,
  compilesAtDispatch,
  describeAdapter,
  type AdapterDescription,
} from './adapter.ts';
import { Prompter } from './prompter.ts';
import { asError, requireTimeout, Watch } from './watch.ts';

export interface DeviceOptions {
  /** Source of adapters. Default `navigator.gpu`; in Node, pass the result of `createGpu()` from `nudge/node`. */
  readonly gpu?: GPU | undefined;
  /** Preferred adapter if there are several. Default `high-performance`. */
  readonly powerPreference?: GPUPowerPreference;
  /**
   * Milliseconds without any finished work after which the device counts as lost. Default 5000. On software adapters
   * other than SwiftShader the default is one minute, because they compile kernels at the first dispatch and finish
   * nothing meanwhile. Steps that are known to take long get more: five times as long as the last one, and before one
   * has been measured, as long as 1 GFLOP/s takes.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether this GPU also draws a visible page. If so, work is submitted in pieces of 4–10 ms, so that the page stays
   * responsive. If not, pieces of 40 ms give the best speed. Called before each submit. Default: in a document, whether
   * it is visible; in a web worker, true, because workers cannot tell; in Node and Deno, false.
   */
  readonly isVisible?: (() => boolean) | undefined;
}

const deviceOptionNames: OptionNames<DeviceOptions> = {
  ...{ gpu: true, powerPreference: true, timeoutMs: true, isVisible: true },
};

/**
 * Every limit that nudge depends on. A device gets the default limits unless others are requested by name, so nudge
 * requests the maximum that the adapter offers.
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

/** Optional features that nudge uses if the adapter has them. */
const featureNames = ['timestamp-query', 'subgroups'] as const;

export type LimitName = (typeof limitNames)[number];

const usualTimeoutMs = 5000;

/** Default time limit of a device; see `DeviceOptions.timeoutMs`. */
export function defaultTimeoutMs(adapter: AdapterDescription): number {
  return compilesAtDispatch(adapter) ? 60_000 : usualTimeoutMs;
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
  // Deno has such workers too, but no page.
  return WorkerGlobalScope !== undefined && Deno === undefined;
}

/** Storage buffers that the largest kernel binds; equals the default limit of WebGPU. */
const storageBuffersNeeded = 8;

/**
 * A WebGPU device to run networks on. It detects when it is lost, stuck or misused, and counts its buffers and textures.
 *
 * @example
 * const device = await Device.request();
 * device.adapter.isSoftware; // true if the adapter runs on the CPU
 */
export class Device {
  readonly adapter: AdapterDescription;
  /** The raw WebGPU device. */
  readonly gpu: GPUDevice;
  /** Whether this GPU also draws a visible page. */
  readonly isVisible: () => boolean;
  readonly #watch: Watch;
  readonly #prompter: Prompter;
  readonly #made = new Set<GPUBuffer | GPUTexture>();
  #error: NudgeError | undefined;

  /**
   * The options of the request. They keep the `GPU` object alive as long as the device. When it is garbage-collected,
   * the Node binding of Dawn tears down its instance, which crashes the process if a pipeline is compiling.
   */
  readonly #options: DeviceOptions & { readonly gpu: GPU };

  private constructor(
    options: DeviceOptions & { readonly gpu: GPU },
    gpu: GPUDevice,
    adapter: AdapterDescription,
    timeoutMs: number,
  ) {
    this.#options = options;
    this.gpu = gpu;
    this.adapter = adapter;
    this.isVisible = options.isVisible ?? isPageVisible;
    this.#watch = new Watch(gpu.lost, timeoutMs);
    this.#prompter = new Prompter(gpu.queue);
    gpu.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      // Keep only the first error; later ones are mostly consequences of it.
      this.#error ??= typedError(event.error, 'WebGPU reported an error');
    });
  }

  /**
   * Requests an adapter, and a device with the maximum of every limit that nudge uses.
   * @throws {NoAdapterError} when WebGPU is missing, there is no adapter, or the adapter gives no device within
   *   `timeoutMs`
   * @throws {LimitError} when the adapter is too small for any network
   * @throws {ConfigurationError} for invalid options
   */
  static async request(options: DeviceOptions = {}): Promise<Device> {
    requireOptions('Device.request', options, deviceOptionNames);
    const gpu = options.gpu ?? (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
    const timeoutMs = options.timeoutMs ?? usualTimeoutMs;
    requireTimeout(timeoutMs);
    if (options.gpu !== undefined) requireMethods('gpu', 'a GPU', gpu, ['requestAdapter']);
    requireFunction('isVisible', options.isVisible);
    if (!gpu) {
      throw new NoAdapterError(
        'There is no WebGPU here (navigator.gpu is missing). Use a browser that supports it, on https:// or localhost; ' +
          "in Node, pass { gpu: await createGpu() } from 'nudge/node'; or use backend 'cpu'.",
      );
    }
    const { powerPreference = 'high-performance' } = options;
    requireOneOf('powerPreference', powerPreference, ['high-performance', 'low-power']);
    const adapter = await answerOf(
      gpu.requestAdapter({ powerPreference }),
      timeoutMs,
      'WebGPU is available, but requesting an adapter failed',
    );
    if (!adapter) {
      throw new NoAdapterError(
        "WebGPU is available but found no adapter, because it accepts no graphics driver here. Run 'nudge doctor' to see what is missing, or use backend 'cpu'.",
      );
    }
    const description = describeAdapter(adapter.info, adapter.features.has('subgroups'));
    if (adapter.limits.maxStorageBuffersPerShaderStage < storageBuffersNeeded) {
      throw new LimitError(
        `Adapter ${adapterName(description)} allows ${adapter.limits.maxStorageBuffersPerShaderStage} storage buffers per shader, ` +
          `but nudge needs ${storageBuffersNeeded}. Use backend 'cpu'.`,
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
    const made = new Device({ ...options, gpu }, device, description, patience);
    // Measure now, while the GPU is idle. Behind uploads and compilation, every browser would seem to check on a timer.
    // If this fails, the first call that waits throws the error.
    made.#prompter.measure().catch(() => undefined);
    return made;
  }

  /** Source of adapters. */
  get instance(): GPU {
    return this.#options.gpu;
  }

  /**
   * Requests a new adapter, and another device with the options of this one, for use after this one is lost.
   * @throws what {@link Device.request} throws
   */
  async requestAnother(): Promise<Device> {
    return await Device.request(this.#options);
  }

  /** Whether the device can measure GPU time. */
  get hasTimestamps(): boolean {
    return this.gpu.features.has('timestamp-query');
  }

  /** Number of buffers and textures not yet destroyed; 0 after every engine on this device is disposed of. */
  get liveBuffers(): number {
    return this.#made.size;
  }

  limit(name: LimitName): number {
    return this.gpu.limits[name];
  }

  /**
   * Runs `build`, which synchronously creates buffers, textures and other objects, then waits until WebGPU has
   * validated them.
   * @throws {OutOfMemoryError | ShaderError} the error that WebGPU reports, after destroying everything allocated here
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
    // The whole device shares one stack of error scopes. These are pushed and popped without an await in between, so
    // they cannot catch errors of other code.
    this.gpu.pushErrorScope('validation');
    this.gpu.pushErrorScope('out-of-memory');
    let errors: Promise<(GPUError | null)[]>;
    try {
      let result: T;
      try {
        result = build(allocate, allocateTexture);
      } finally {
        errors = Promise.all([this.gpu.popErrorScope(), this.gpu.popErrorScope()]);
        // If `build` throws, their reasons do not matter.
        errors.catch(() => undefined);
      }
      for (const error of await this.guard(`creating ${what}`, errors)) {
        if (error) throw typedError(error, `Could not create ${what}`);
      }
      return result;
    } catch (error) {
      this.release(made);
      throw error;
    }
  }

  /**
   * Creates storage buffers that can be copied to and from.
   * @param sizes bytes of each buffer, by name
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

  /** Destroys buffers and textures; released ones are ignored. */
  release(resources: Iterable<GPUBuffer | GPUTexture>): void {
    for (const resource of resources) {
      if (this.#made.delete(resource)) resource.destroy();
    }
  }

  /**
   * Waits for a WebGPU promise, which may never settle if the device is lost or stuck.
   * @param what the work waited for, for the error: 'the cost of step 100'
   * @param patienceMs the time that this work may take, if it is longer than `timeoutMs`
   * @throws {DeviceLostError} within that time after the last finished work, or when the promise rejects
   */
  async guard<T>(what: string, promise: Promise<T>, patienceMs?: number): Promise<T> {
    try {
      const value = await this.#watch.race(what, promise, patienceMs);
      this.throwIfUnusable();
      return value;
    } catch (cause) {
      // `compileKernels` explains a pipeline that was refused.
      const isExplained = cause instanceof NudgeError || asError(cause).name === 'GPUPipelineError';
      if (isExplained) throw cause;
      this.throwIfUnusable();
      throw new DeviceLostError(
        'unknown',
        `The GPU failed while ${what} (${asError(cause).message}). The results are discarded; request a new device.`,
        { cause },
      );
    }
  }

  /**
   * Waits like {@link guard} for submitted work. In browsers that check for finished work only now and then, it also
   * makes them check.
   */
  async finish<T>(what: string, promise: Promise<T>, patienceMs?: number): Promise<T> {
    return await this.#prompter.during(this.guard(what, promise, patienceMs));
  }

  /**
   * Measures how this browser checks for finished work. Await it before the first submit; later calls reuse the result.
   */
  async learnToWait(): Promise<void> {
    if (this.#prompter.isMeasured) return;
    await this.guard('finding out how finished work is reported', this.#prompter.measure());
  }

  /**
   * @throws the first error that WebGPU reported outside of any call, or a {@link DeviceLostError} if the device is
   *   lost
   */
  throwIfUnusable(): void {
    if (this.#error) throw this.#error;
    this.#watch.throwIfLost();
  }

  /**
   * Destroys the device and everything on it. A device that counts as lost because it finished nothing is destroyed
   * when it has finished. Calling it again does nothing.
   */
  destroy(): void {
    const { failure } = this.#watch;
    this.release([...this.#made]);
    this.#watch.stop(
      new DisposedError('This device was destroyed. Request a new one with Device.request().'),
    );
    if (!(failure instanceof DeviceLostError && failure.reason === 'timeout')) {
      this.gpu.destroy();
      return;
    }
    // Dawn in Node waits in `destroy` for the GPU, which may take minutes and would block this thread.
    const destroy = () => this.gpu.destroy();
    this.gpu.queue.onSubmittedWorkDone().then(destroy, destroy);
  }

  #requireBufferFits(label: string, size: number, usage: number, largestBinding: number): void {
    const requireWithin = (needed: number, name: LimitName): void => {
      const limit = this.limit(name);
      if (needed <= limit) return;
      throw new LimitError(
        `Buffer '${label}' needs ${needed} bytes, but ${adapterName(this.adapter)} allows ${limit} (${name}). ` +
          'Use smaller layers or mini-batches. A large dataset can be streamed.',
      );
    };
    if ((usage & GPUBufferUsage.STORAGE) !== 0) {
      requireWithin(largestBinding, 'maxStorageBufferBindingSize');
    }
    requireWithin(size, 'maxBufferSize');
  }
}

/**
 * Waits for an adapter or a device. With a faulty driver, the request may never settle.
 * @throws {NoAdapterError} beginning with `fact`, within `timeoutMs`
 */
async function answerOf<T>(answer: Promise<T>, timeoutMs: number, fact: string): Promise<T> {
  const neverLost = new Promise<GPUDeviceLostInfo>(() => undefined);
  try {
    return await new Watch(neverLost, timeoutMs).race('opening a device', answer);
  } catch (cause) {
    // A NoAdapterError comes from nudge's own `GPU`, such as Dawn's in Node, and is more precise.
    if (cause instanceof NoAdapterError) throw cause;
    throw new NoAdapterError(
      `${fact} (${asError(cause).message}). Close other pages that use the GPU, or use backend 'cpu'.`,
      { cause },
    );
  }
}

/**
 * Creates a counted buffer; sizes in bytes.
 * @param largestBinding size of the largest range bound; default: the whole buffer
 */
export type Allocate = (
  label: string,
  size: number,
  usage: GPUBufferUsageFlags,
  largestBinding?: number,
) => GPUBuffer;

/** Creates a counted texture. */
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
