/**
 * WebGPU in Node: Dawn, the implementation inside Chromium, from the npm package `webgpu`.
 *
 * Dawn speaks to a Vulkan driver (Linux), Metal or Direct3D. Where Linux has no driver that Dawn
 * accepts, the SwiftShader inside @sparticuz/chromium serves: the same arithmetic on the CPU, slowly.
 * Two things are needed for it: the environment variable that names the driver, and libvulkan.so.1.
 * A machine without a driver has no loader either, and LD_LIBRARY_PATH is only read when a process
 * starts. But the dynamic linker answers for a library that is already in memory by its name alone.
 * So the packaged loader is opened first and kept, and when Dawn asks for 'libvulkan.so.1' it gets that.
 */
import { constants } from 'node:os';

import { NoAdapterError } from '../errors.ts';
import { describeAdapter } from '../gpu/adapter.ts';
import { requireOptions, requireTexts } from '../network/arguments.ts';
import { requireOneOf } from '../network/functions.ts';
import { mayHaveGpu } from './gpuDevice.ts';
import { unpackChromium } from './packagedChromium.ts';
import { makePatient } from './patience.ts';

/**
 * `hardware` is a real GPU, `software` is SwiftShader. `auto` takes what the machine's drivers give and
 * SwiftShader when that is nothing, or the other way round where the machine surely has no GPU.
 */
export type AdapterChoice = 'auto' | 'hardware' | 'software';

export interface CreateGpuOptions {
  /** @defaultValue 'auto' */
  readonly adapter?: AdapterChoice;
  /** Dawn's own options, such as 'enable-dawn-features=dump_shaders'. @defaultValue none */
  readonly dawnOptions?: readonly string[];
}

/**
 * Dawn's `GPU`, whose `requestAdapter()` is known to give one. Installs GPUBufferUsage and WebGPU's
 * other globals, as the package asks, and has the package's classes wait without spinning (`patience.ts`). Drop the
 * object, and what was made from it, for Node to exit.
 * @throws {ConfigurationError} for options that make no sense
 * @throws {NoAdapterError} when the package `webgpu` is missing, or no adapter is to be had
 */
export async function createGpu(options: CreateGpuOptions = {}): Promise<GPU> {
  requireOptions('createGpu', options, { adapter: true, dawnOptions: true });
  const { adapter = 'auto', dawnOptions = [] } = options;
  requireOneOf('adapter', adapter, ['auto', 'hardware', 'software']);
  requireTexts('dawnOptions', dawnOptions);
  const dawn = await importDawn();
  Object.assign(globalThis, dawn.globals);
  makePatient(dawn.globals);

  for (const source of driverSources(adapter)) {
    const forget = source === 'packaged' ? await useSwiftShader() : () => undefined;
    if (!forget) continue;
    try {
      const gpu = dawn.create([...dawnOptions]);
      const found = await gpu.requestAdapter();
      if (found === null) continue;
      if (adapter === 'hardware' && describeAdapter(found.info).isSoftware) continue;
      return gpu;
    } finally {
      forget();
    }
  }
  throw new NoAdapterError(noAdapterMessage(adapter));
}

function driverSources(adapter: AdapterChoice): readonly ('installed' | 'packaged')[] {
  switch (adapter) {
    case 'hardware':
      return ['installed'];
    case 'software':
      return ['packaged'];
    case 'auto':
      return mayHaveGpu() ? ['installed', 'packaged'] : ['packaged', 'installed'];
  }
}

async function importDawn(): Promise<typeof import('webgpu')> {
  try {
    return await import('webgpu');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && message.includes("'webgpu'");
    throw new NoAdapterError(
      isMissing
        ? "WebGPU in Node needs the package 'webgpu', which is not installed. Run 'npm install webgpu', or choose the backend 'cpu'."
        : `The package 'webgpu' does not load on ${process.platform} ${process.arch}: ${message} ` +
            "Use a browser, or choose the backend 'cpu'.",
      { cause: error },
    );
  }
}

/** Searches under way that have named the packaged driver in the environment. */
let searches = 0;

/**
 * Makes the next Dawn instance of this process find SwiftShader.
 * @returns what to call once that has its adapter; undefined where no packaged SwiftShader is to be had
 */
async function useSwiftShader(): Promise<(() => void) | undefined> {
  const packaged = await unpackChromium();
  if (packaged === undefined) return undefined;
  keepLibrary(packaged.vulkanLoaderPath);
  // A driver that the user names goes first; it may only have lacked the loader.
  if (searches === 0 && namedDriver() !== undefined) return () => undefined;
  searches++;
  process.env.VK_ICD_FILENAMES = packaged.icdPath;
  // Child processes inherit the environment: a Firefox started later would compute on SwiftShader instead of its own driver.
  return () => {
    if (--searches === 0) delete process.env.VK_ICD_FILENAMES;
  };
}

/** Loads a shared library into this process for good. */
function keepLibrary(path: string): void {
  // glibc's RTLD_NODELETE, which Node does not name: the library outlives the dlclose below.
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch (error) {
    // Node has loaded the library, found that it is no addon, and says so; any other complaint is real.
    if (!(error as Error).message.includes('did not self-register')) throw error;
  }
}

/** The Vulkan driver that the environment names, by the variable's new or old name. */
function namedDriver(): string | undefined {
  return process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
}

function noAdapterMessage(adapter: AdapterChoice): string {
  const driver = namedDriver();
  const named = driver === undefined ? '' : ` with the Vulkan driver ${driver}`;
  if (adapter === 'hardware') {
    return `Dawn found no hardware WebGPU adapter on this machine${named}. Install the driver of its GPU, or allow the software adapter.`;
  }
  const software =
    process.platform === 'linux' && process.arch === 'x64'
      ? "for a software adapter run 'npm install @sparticuz/chromium'"
      : `the packaged software adapter runs on Linux x64 only, and this is ${process.platform} ${process.arch}`;
  return `Dawn found no WebGPU adapter${named}. Install the driver of this machine's GPU; ${software}; or choose the backend 'cpu'.`;
}
