/** Compiles WGSL to pipelines. No other file does. */
import type { Binding, Kernel } from '../../shaders/kernel.ts';
import { DeviceLostError, ShaderError } from '../errors.ts';
import type { Device } from './device.ts';

export interface CompiledKernel {
  readonly kernel: Kernel;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/**
 * Format of every texture: four float32 per texel. It must work without filtering, because not every GPU can filter
 * float32.
 */
export const texelFormat = 'rgba32float';

const bindingLayouts: Readonly<
  Record<Binding['access'], Omit<GPUBindGroupLayoutEntry, 'binding' | 'visibility'>>
> = {
  uniform: { buffer: { type: 'uniform' } },
  read: { buffer: { type: 'read-only-storage' } },
  read_write: { buffer: { type: 'storage' } },
  texture: { texture: { sampleType: 'unfilterable-float' } },
  sampler: { sampler: { type: 'non-filtering' } },
};

/**
 * Interval in milliseconds at which a compiling device is asked whether it still responds, and the maximum number of
 * such requests.
 */
const questionMs = 1000;
const maxQuestions = 30;

/**
 * Compiles all kernels at once, off the main thread. On a slow or busy machine this takes seconds. Meanwhile the device
 * is asked to respond now and then: a device that responds is busy, not lost.
 * @throws {ShaderError} with the compiler message below the source line it refers to
 */
export async function compileKernels(
  device: Device,
  kernels: readonly Kernel[],
): Promise<readonly CompiledKernel[]> {
  device.throwIfUnusable();
  let asked = 0;
  const timer = setInterval(() => {
    if (++asked > maxQuestions) return;
    // If the device is lost, the compilation fails too, because it is also guarded.
    device.guard('compiling', device.gpu.queue.onSubmittedWorkDone()).catch(() => undefined);
  }, questionMs);
  try {
    return await Promise.all(kernels.map((kernel) => compile(device, kernel)));
  } finally {
    clearInterval(timer);
  }
}

async function compile(device: Device, kernel: Kernel): Promise<CompiledKernel> {
  const { label, code, bindings } = kernel;
  const { gpu } = device;
  const layout = gpu.createBindGroupLayout({
    label,
    entries: bindings.map(({ access }, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      ...bindingLayouts[access],
    })),
  });
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ label, code });
  const scope = gpu.popErrorScope();
  // Create the pipeline without waiting for validation of the module, which would take a round trip to the GPU process.
  const creation = gpu.createComputePipelineAsync({
    label,
    layout: gpu.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'main' },
  });
  // The promise is awaited below, unless the error of the module explains the failure better.
  creation.catch(() => undefined);
  const error = await device.guard(`compiling '${label}'`, scope);
  if (error) {
    const { messages } = await device.guard(`compiling '${label}'`, module.getCompilationInfo());
    throw shaderError(label, code, messages, error);
  }
  try {
    return { kernel, layout, pipeline: await device.guard(`compiling '${label}'`, creation) };
  } catch (cause) {
    if (cause instanceof DeviceLostError) throw cause;
    // If the device is lost, throw that error instead of a ShaderError.
    device.throwIfUnusable();
    throw new ShaderError(
      `The pipeline of kernel '${label}' was rejected. This is a bug in nudge or in the driver; please report it.`,
      { cause },
    );
  }
}

/** Shows each compiler message below its source line, with line numbers and two lines of context. */
function shaderError(
  label: string,
  code: string,
  messages: readonly GPUCompilationMessage[],
  cause: GPUError,
): ShaderError {
  const lines = code.split('\n');
  const excerpt = messages.flatMap(({ type, message, lineNum, linePos }) => [
    ...lines
      .slice(Math.max(0, lineNum - 3), lineNum)
      .map((line, i) => `${String(Math.max(1, lineNum - 2) + i).padStart(5)} ${line}`),
    `${' '.repeat(5 + linePos)}^ ${type}: ${message}`,
  ]);
  return new ShaderError(
    [`Kernel '${label}' does not compile: ${cause.message}`, ...excerpt].join('\n'),
    { cause },
  );
}
