/** The only place that turns WGSL into pipelines. */
import type { Binding, Kernel } from '../../shaders/kernel.ts';
import { ShaderError } from '../errors.ts';
import type { Device } from './device.ts';

export interface CompiledKernel {
  readonly kernel: Kernel;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Texels of every texture: four float32. Not filtered, since not every GPU filters float32. */
export const texelFormat = 'rgba32float';

const bindingLayouts: Readonly<
  Record<Binding['access'], Omit<GPUBindGroupLayoutEntry, 'binding' | 'visibility'>>
> = {
  uniform: { buffer: { type: 'uniform' } },
  read: { buffer: { type: 'read-only-storage' } },
  read_write: { buffer: { type: 'storage' } },
  texture: { texture: { sampleType: 'unfilterable-float' } },
  store: { storageTexture: { access: 'write-only', format: texelFormat } },
  sampler: { sampler: { type: 'non-filtering' } },
};

/** Milliseconds between two questions to a device that compiles, and how many are asked. */
const questionMs = 1000;
const maxQuestions = 30;

/**
 * Compiles kernels, all at once and off the main thread. On a slow or busy machine that takes seconds, for which the
 * device is asked for signs of life meanwhile: one that answers is busy and not lost.
 * @throws {ShaderError} with the compiler's message under the line it is about
 */
export async function compileKernels(
  device: Device,
  kernels: readonly Kernel[],
): Promise<readonly CompiledKernel[]> {
  device.throwIfUnusable();
  let asked = 0;
  const timer = setInterval(() => {
    if (++asked > maxQuestions) return;
    // A device that is lost ends the compilation itself, which is guarded as well.
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
  // Without waiting for the word on the module, which takes a way to the GPU's process and back.
  const creation = gpu.createComputePipelineAsync({
    label,
    layout: gpu.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'main' },
  });
  // It is awaited below, unless the module says better what is wrong.
  creation.catch(() => undefined);
  const error = await device.guard(`compiling '${label}'`, scope);
  if (error) {
    const { messages } = await device.guard(`compiling '${label}'`, module.getCompilationInfo());
    throw shaderError(label, code, messages, error);
  }
  try {
    return { kernel, layout, pipeline: await device.guard(`compiling '${label}'`, creation) };
  } catch (cause) {
    // A lost device is told apart from a refused shader by its class.
    device.throwIfUnusable();
    throw new ShaderError(
      `The pipeline of kernel '${label}' was refused. This is a bug in nudge or in the driver; please report it.`,
      { cause },
    );
  }
}

/** The shader with line numbers, each message below its line; only the lines around a message. */
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
