/**
 * WebGPU in Node: Dawn, the implementation inside Chromium, from the npm package `webgpu`.
 *
 * Dawn uses a Vulkan driver (Linux), Metal or Direct3D. If Linux has no driver that Dawn accepts, the
 * SwiftShader inside @sparticuz/chromium computes the same on the CPU, slowly. It needs the environment
 * variable that names the driver, and the loader libvulkan.so.1. A machine without a driver has no
 * loader either, and LD_LIBRARY_PATH is only read when a process starts. But the dynamic linker finds a
 * library that is already in memory by its name. So this module opens the packaged loader and keeps it
 * open, and Dawn gets it when it opens 'libvulkan.so.1'.
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
 * `hardware` is a real GPU, `software` is SwiftShader. `auto` tries the machine's drivers first and then
 * SwiftShader, or in the opposite order if the machine surely has no GPU.
 */
export type AdapterChoice = 'auto' | 'hardware' | 'software';

export interface CreateGpuOptions {
  /** @defaultValue 'auto' */
  readonly adapter?: AdapterChoice;
  /** Dawn's own options, such as 'enable-dawn-features=dump_shaders'. @defaultValue none */
  readonly dawnOptions?: readonly string[];
}

/**
 * Creates Dawn's `GPU` and checks that its `requestAdapter()` gives an adapter. It installs GPUBufferUsage and WebGPU's
 * other globals, as the package requires, and makes the package's classes wait without spinning (`patience.ts`). Node
 * exits only after the program has dropped the object and everything made from it.
 * @throws {ConfigurationError} for invalid options
 * @throws {NoAdapterError} when the package `webgpu` is missing, or no adapter is available
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

/** Number of running searches that have named the packaged driver in the environment. */
let searches = 0;

/**
 * Makes the next Dawn instance of this process find SwiftShader.
 * @returns a function to call once the instance has its adapter; undefined without a packaged SwiftShader
 */
async function useSwiftShader(): Promise<(() => void) | undefined> {
  const packaged = await unpackChromium();
  if (packaged === undefined) return undefined;
  keepLibrary(packaged.vulkanLoaderPath);
  // A driver that the user names takes precedence. It may only have lacked the loader.
  if (searches === 0 && namedDriver() !== undefined) return () => undefined;
  searches++;
  process.env.VK_ICD_FILENAMES = packaged.icdPath;
  // Reset the variable, because child processes inherit it: a Firefox started later would use SwiftShader instead of its own driver.
  return () => {
    if (--searches === 0) delete process.env.VK_ICD_FILENAMES;
  };
}

/** Loads a shared library into this process permanently. */
function keepLibrary(path: string): void {
  // glibc's RTLD_NODELETE, for which Node has no constant. It keeps the library loaded when Node closes it.
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch (error) {
    // Node loads the library and then reports that it is not an addon. Any other error is real.
    if (!(error as Error).message.includes('did not self-register')) throw error;
  }
}

/** The Vulkan driver that the environment names, in the variable's new or old name. */
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
