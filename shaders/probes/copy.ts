import { kernel, type Kernel } from '../kernel.ts';
import { each, wgsl } from '../wgsl.ts';
import { vec4sPerInvocation, type StreamOptions } from './stream.ts';

/** Copies a whole buffer into another: reads and writes as many bytes as the buffer has. */
export function copy({ vec4s, workgroupSize }: StreamOptions): Kernel {
  const invocations = vec4s / vec4sPerInvocation;
  return kernel(
    `copy ${vec4s * 16} bytes`,
    [
      { name: 'data', access: 'read', type: 'array<vec4u>' },
      { name: 'copies', access: 'read_write', type: 'array<vec4u>' },
    ],
    invocations,
    workgroupSize,
    '',
    wgsl /* wgsl */ `
${each(vec4sPerInvocation, (k) => {
  const index = `invocation + ${k * invocations}u`;
  return `  copies[${index}] = data[${index}];`;
})}`,
  );
}
