import { kernel, type Kernel } from '../kernel.ts';
import { each, wgsl } from '../wgsl.ts';
import { quadsPerInvocation, type StreamOptions } from './stream.ts';

/** Copies a buffer from end to end into another: reads and writes as many bytes as it is long. */
export function copy({ quads, workgroupSize }: StreamOptions): Kernel {
  const invocations = quads / quadsPerInvocation;
  return kernel(
    `copy ${quads * 16} bytes`,
    [
      { name: 'data', access: 'read', type: 'array<vec4u>' },
      { name: 'copies', access: 'read_write', type: 'array<vec4u>' },
    ],
    invocations,
    workgroupSize,
    '',
    wgsl /* wgsl */ `
${each(quadsPerInvocation, (k) => {
  const index = `invocation + ${k * invocations}u`;
  return `  copies[${index}] = data[${index}];`;
})}`,
  );
}
