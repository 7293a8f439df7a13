/**
 * A WebGPU without an adapter, on which any call can fail. It shows what a program does when its k-th call is refused,
 * the device is lost in it, or its promise never settles:
 *
 *     for (let k = 1; ; k++) {
 *       const fake = new FakeGpu((call) => (call === k ? 'lost' : undefined));
 *       … run the program on fake.gpu, and look at what it gives or throws …
 *       if (!fake.hasFailed) break; // The program needs fewer calls.
 *     }
 *
 * Buffers are memory, and copies copy. A dispatch does not run WGSL: it fills the buffers that it may write with numbers
 * which depend on every byte that it may read and on the kernel. So a step that is left out, repeated or given other
 * data changes all numbers after it. Only what nudge checks is computed as a GPU would: the step counter and
 * the numbers of samples.
 */

export type FaultKind =
  /** The call is refused, as an invalid one is. */
  | 'validation'
  | 'out-of-memory'
  /** The device is lost, which `lost` tells. */
  | 'lost'
  /** The device is lost, but `lost` never settles, and neither does anything else. */
  | 'silent'
  /** The promise of the call rejects. Calls without one do not fail. */
  | 'rejected'
  /** The promise of the call never settles. Calls without one do not fail. */
  | 'hangs';

/**
 * The fault of a call, counting from 1; undefined for a call that works. The device is undefined where an adapter or a
 * device is requested.
 */
export type FaultOf = (
  call: number,
  device: { readonly isLost: boolean } | undefined,
) => FaultKind | undefined;

// Values of the WebGPU standard, which browsers and Dawn declare only where there is an adapter.
const constants = {
  GPUBufferUsage: {
    ...{ MAP_READ: 1, MAP_WRITE: 2, COPY_SRC: 4, COPY_DST: 8, INDEX: 16, VERTEX: 32 },
    ...{ UNIFORM: 64, STORAGE: 128, INDIRECT: 256, QUERY_RESOLVE: 512 },
  },
  GPUMapMode: { READ: 1, WRITE: 2 },
  GPUShaderStage: { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 },
  GPUTextureUsage: { COPY_SRC: 1, COPY_DST: 2, TEXTURE_BINDING: 4, STORAGE_BINDING: 8 },
};

class FakeError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}
class FakeValidationError extends FakeError {}
class FakeOutOfMemoryError extends FakeError {}

const globals = { ...constants, GPUOutOfMemoryError: FakeOutOfMemoryError };

/** Declares the names that WebGPU puts beside `navigator.gpu`, as far as they are missing. */
function declareGlobals(): void {
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { value, configurable: true });
  }
}

/** The default limits of WebGPU, which every adapter has: https://gpuweb.github.io/gpuweb/#limits */
const defaultLimits = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxStorageBuffersPerShaderStage: 8,
  maxUniformBufferBindingSize: 2 ** 16,
  maxBindingsPerBindGroup: 1000,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxComputeWorkgroupStorageSize: 16_384,
};

export class FakeGpu {
  readonly gpu: GPU;
  /** Calls so far, of any kind. */
  calls = 0;
  /** The calls that failed, by name. */
  readonly failed: string[] = [];
  readonly devices: FakeDevice[] = [];
  readonly #faultOf: FaultOf;

  /** @param faultOf default: all calls work */
  constructor(faultOf: FaultOf = () => undefined) {
    this.#faultOf = faultOf;
    declareGlobals();
    const adapter = {
      info: { vendor: 'fake', architecture: '', device: '', description: '' },
      ...{ features: new Set(), limits: defaultLimits },
      requestDevice: () =>
        this.promise('requestDevice', undefined, () => {
          const device = new FakeDevice(this);
          this.devices.push(device);
          return device.device;
        }),
    };
    const requestAdapter = () => this.promise('requestAdapter', undefined, () => adapter);
    this.gpu = { requestAdapter } as unknown as GPU;
  }

  get hasFailed(): boolean {
    return this.failed.length > 0;
  }

  /** Buffers and textures on devices that still live. */
  get liveResources(): number {
    return this.devices.reduce((sum, { live, isLost }) => sum + (isLost ? 0 : live), 0);
  }

  /** Counts a call. @returns the fault that it meets */
  fault(name: string, device: FakeDevice | undefined): FaultKind | undefined {
    const kind = this.#faultOf(++this.calls, device);
    if (!kind) return undefined;
    this.failed.push(name);
    if (kind === 'lost' || kind === 'silent') device?.lose('unknown', kind === 'silent');
    return kind;
  }

  /** A call that gives a promise. */
  promise<T>(name: string, device: FakeDevice | undefined, work: () => T): Promise<T> {
    const kind = this.fault(name, device);
    if (kind === 'hangs' || device?.isSilent === true || (!device && kind === 'silent')) {
      return new Promise<never>(() => undefined);
    }
    const isRefused = kind !== undefined && (kind === 'rejected' || !device);
    if (isRefused || device?.isLost === true) {
      return Promise.reject(new DOMException(`${name} failed`, 'OperationError'));
    }
    if (kind) device?.complain(kind, name);
    // As in browsers, an answer comes in a later task.
    return new Promise((resolve) => setImmediate(() => resolve(work())));
  }
}

type ErrorFilter = 'validation' | 'out-of-memory';

class FakeDevice {
  isLost = false;
  isSilent = false;
  /** Buffers and textures that are not destroyed. */
  live = 0;
  /** Steps that kernels have begun. */
  steps = 0;
  readonly device: GPUDevice;
  readonly #fake: FakeGpu;
  readonly #scopes: { readonly filter: string; error: FakeError | null }[] = [];
  #tell: (info: object) => void = () => undefined;
  #listener: ((event: object) => void) | undefined;

  constructor(fake: FakeGpu) {
    this.#fake = fake;
    const lost = new Promise((resolve) => (this.#tell = resolve));
    const make = <T>(name: string, value: () => T): T => {
      this.call(name);
      return value();
    };
    const queue = {
      writeBuffer: (buffer: FakeBuffer, offset: number, data: ArrayBufferView) => {
        if (this.call('writeBuffer')) return;
        buffer.writtenInStep = undefined;
        buffer.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
      },
      submit: (lists: readonly (readonly (() => void)[])[]) => {
        if (this.call('submit')) return;
        for (const list of lists) for (const command of list) command();
      },
      onSubmittedWorkDone: () => this.promise('onSubmittedWorkDone', () => undefined),
    };
    this.device = {
      ...{ lost, queue, limits: defaultLimits, features: new Set() },
      addEventListener: (_: string, listener: (event: object) => void) =>
        (this.#listener = listener),
      destroy: () => {
        if (this.call('destroy')) return;
        this.lose('destroyed', false);
      },
      pushErrorScope: (filter: ErrorFilter) => {
        this.#scopes.push({ filter, error: null });
        this.call('pushErrorScope');
      },
      popErrorScope: () => {
        const { error } = this.#scopes.pop()!;
        return this.promise('popErrorScope', () => error);
      },
      createBuffer: (descriptor: GPUBufferDescriptor) =>
        make('createBuffer', () => new FakeBuffer(this, descriptor)),
      createShaderModule: ({ code }: GPUShaderModuleDescriptor) =>
        make('createShaderModule', () => ({
          code,
          getCompilationInfo: () => this.promise('getCompilationInfo', () => ({ messages: [] })),
        })),
      createBindGroupLayout: () => make('createBindGroupLayout', () => ({})),
      createPipelineLayout: () => make('createPipelineLayout', () => ({})),
      createComputePipelineAsync: ({ compute }: { compute: { module: { code: string } } }) =>
        this.promise('createComputePipelineAsync', () => new Kernel(compute.module.code)),
      createBindGroup: ({
        entries,
      }: {
        entries: readonly { resource: { buffer: FakeBuffer } }[];
      }) => make('createBindGroup', () => entries.map(({ resource }) => resource.buffer)),
      createCommandEncoder: () => make('createCommandEncoder', () => this.#encoder()),
    } as unknown as GPUDevice;
  }

  promise<T>(name: string, work: () => T): Promise<T> {
    return this.#fake.promise(name, this, work);
  }

  /** Counts a call without a promise. @returns whether nothing must happen */
  call(name: string): boolean {
    const kind = this.#fake.fault(name, this);
    if (kind) this.complain(kind, name);
    return kind === 'validation' || kind === 'out-of-memory' || this.isLost;
  }

  /** Tells of an error as WebGPU does: to the innermost scope for its kind, else to the listener. */
  complain(kind: FaultKind, name: string): void {
    if (kind !== 'validation' && kind !== 'out-of-memory') return;
    const error = new (kind === 'validation' ? FakeValidationError : FakeOutOfMemoryError)(
      `${name} failed`,
    );
    const scope = this.#scopes.findLast(({ filter }) => filter === kind);
    if (scope) scope.error ??= error;
    else this.#listener?.({ error, preventDefault: () => undefined });
  }

  lose(reason: GPUDeviceLostReason, isSilent: boolean): void {
    if (this.isLost) return;
    this.isLost = true;
    this.isSilent = isSilent;
    if (!isSilent) this.#tell({ reason, message: 'The fake device was lost.' });
  }

  #encoder() {
    const commands: (() => void)[] = [];
    const add = (name: string, command: () => void) => {
      if (!this.call(name)) commands.push(command);
    };
    return {
      copyBufferToBuffer: (
        from: FakeBuffer,
        start: number,
        to: FakeBuffer,
        at: number,
        size: number,
      ) =>
        add('copyBufferToBuffer', () => {
          to.writtenInStep = undefined;
          to.bytes.set(from.bytes.subarray(start, start + size), at);
        }),
      clearBuffer: (buffer: FakeBuffer, start = 0, size?: number) =>
        add('clearBuffer', () =>
          buffer.bytes.fill(0, start, size === undefined ? undefined : start + size),
        ),
      beginComputePass: () => {
        this.call('beginComputePass');
        let kernel: Kernel | undefined;
        let buffers: readonly FakeBuffer[] = [];
        return {
          setPipeline: (pipeline: Kernel) => {
            if (!this.call('setPipeline')) kernel = pipeline;
          },
          setBindGroup: (_: number, group: readonly FakeBuffer[]) => {
            if (!this.call('setBindGroup')) buffers = group;
          },
          dispatchWorkgroups: () => {
            const [running, bound] = [kernel, buffers];
            add('dispatchWorkgroups', () => running?.run(bound));
          },
          end: () => void this.call('end'),
        };
      },
      finish: () => {
        this.call('finish');
        return commands;
      },
    };
  }
}

class FakeBuffer {
  readonly label: string | undefined;
  readonly size: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly device: FakeDevice;
  /** The step, from 1, whose kernel has written it last; undefined after a write by the host or a copy; 0: none. */
  writtenInStep: number | undefined = 0;
  #isDestroyed = false;

  constructor(device: FakeDevice, { label, size }: GPUBufferDescriptor) {
    this.device = device;
    this.label = label;
    this.size = size;
    this.bytes = new Uint8Array(size);
    device.live++;
  }

  get words(): Uint32Array {
    return new Uint32Array(this.bytes.buffer);
  }

  mapAsync(): Promise<undefined> {
    return this.device.promise('mapAsync', () => undefined);
  }

  getMappedRange(): ArrayBuffer {
    this.device.call('getMappedRange');
    return this.bytes.buffer;
  }

  unmap(): void {
    this.device.call('unmap');
  }

  destroy(): void {
    // It cannot fail: the standard lets it be called in any state.
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.device.live--;
  }
}

/** What a dispatch does instead of running WGSL. */
class Kernel {
  readonly #seed: number;
  readonly #writes: readonly boolean[];
  readonly #isFirst: boolean;
  readonly #isLast: boolean;

  constructor(code: string) {
    this.#seed = hash(0x811c9dc5, new TextEncoder().encode(code));
    const bindings = code.matchAll(/@binding\(\d+\) var(?:<([\w, ]+)>)?/g);
    this.#writes = Array.from(bindings, ([, space = '']) => space.includes('read_write'));
    this.#isFirst = code.includes('counter.next = step + 1u');
    this.#isLast = code.includes('counter.step = step + 1u');
  }

  run(buffers: readonly FakeBuffer[]): void {
    // There are none if they could not be bound.
    if (this.#isFirst && buffers[0]) buffers[0].device.steps++;
    const counter = buffers.find(({ label }) => label === 'counter')?.words;
    const step = counter && (this.#isFirst ? counter[0]! : counter[1]! - 1);
    const read = buffers.reduce(
      (sum, buffer) => hash(sum, this.#read(buffer, step)),
      mix(this.#seed, step ?? 0),
    );
    buffers.forEach((buffer, n) => {
      if (this.#writes[n] !== true) return;
      const { words, label } = buffer;
      buffer.writtenInStep = buffer.device.steps;
      if (label === 'confusion') {
        // Each sample is counted once. One step evaluates 512 of them.
        const settings = buffers.find((other) => other.label === 'settings')!;
        words[read % (words.length - 1)]! += settings.words[0]!;
        return;
      }
      if (label === 'counter') {
        if (this.#isFirst) words[1] = words[0]! + 1;
        if (this.#isLast) words[0] = words[1]!;
        return;
      }
      const values = new Float32Array(words.buffer);
      const isSum = sums.has(label ?? '');
      // The last word of sums shows whether they were cleared. Kernels leave it as it is.
      const length = isSum ? values.length - 1 : values.length;
      for (let i = 0; i < length; i++) {
        if (label === 'metrics' && i % 2 === 1) {
          // Correct predictions, of which a step has at most as many as samples.
          words[i]! += i === 1 ? read & 1 : 0;
          continue;
        }
        const value = mix(read, i) / 2 ** 32;
        values[i] = isSum ? values[i]! + value : value;
      }
    });
  }

  /** The bytes of a buffer that the kernel depends on in a step. */
  #read({ bytes, label = '', writtenInStep, device }: FakeBuffer, step = 0): Uint8Array {
    if (label === 'counter' || sums.has(label)) return bytes.subarray(0, 0);
    if (label === 'optimizerScalars') return bytes.subarray(16 * step, 16 * step + 16);
    // What an earlier step has left in the buffers of a mini-batch is read by no kernel.
    const isLeft = writtenInStep !== undefined && writtenInStep !== device.steps;
    return isLeft && !lasting.has(label) ? bytes.subarray(0, 0) : bytes;
  }
}

/** Buffers that kernels add to until the host has read and cleared them. Nothing else depends on them. */
const sums = new Set(['metrics', 'costs', 'confusion']);

/** Buffers that carry something from step to step. */
const lasting = new Set(['parameters', 'moments']);

/** FNV-1a. */
function hash(start: number, bytes: Uint8Array): number {
  let sum = start;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

/** A number below 2³² that depends on every bit of both. */
function mix(seed: number, i: number): number {
  let value = Math.imul(seed ^ Math.imul(i + 1, 0x9e3779b1), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 15), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
