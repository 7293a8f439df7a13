import { kernel, type Kernel } from '../kernel.ts';
import { each, wgsl } from '../wgsl.ts';
import { vec4sPerInvocation, type StreamOptions } from './stream.ts';

/** Word w gets the value w times this factor. The values differ everywhere, and their sum has a closed form. */
export const fillFactor = 0x9e3779b1;

/** Fills a whole buffer with values that differ everywhere, because memory may handle zeros differently. */
export function fill({ vec4s, workgroupSize }: StreamOptions): Kernel {
  const invocations = vec4s / vec4sPerInvocation;
  return kernel(
    `fill ${vec4s * 16} bytes`,
    [{ name: 'data', access: 'read_write', type: 'array<vec4u>' }],
    invocations,
    workgroupSize,
    '',
    wgsl /* wgsl */ `
  let words = vec4u(0u, 1u, 2u, 3u) + vec4u(4u * invocation);
${each(vec4sPerInvocation, (k) => {
  const words = `(words + vec4u(${4 * k * invocations}u)) * ${fillFactor}u`;
  return `  data[invocation + ${k * invocations}u] = ${words};`;
})}`,
  );
}
