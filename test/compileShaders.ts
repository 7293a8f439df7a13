/**
 * `npm run shaders`: compiles every shader variant on the adapter that the tests use, and fails on any message of
 * the compiler, warnings too. Tells on failure what was said about which line.
 */
import { createGpu } from '../src/node/dawn.ts';
import { Device } from '../src/gpu/device.ts';
import { shaderVariants } from './shaders/variants.ts';

const device = await Device.request({ gpu: await createGpu() });
const variants = shaderVariants();
let complaints = 0;
for (const { label, code } of variants) {
  const module = device.gpu.createShaderModule({ label, code });
  const { messages } = await module.getCompilationInfo();
  for (const { type, lineNum, message } of messages) {
    complaints++;
    const line = code.split('\n')[lineNum - 1] ?? '';
    process.stderr.write(`${label}: ${type}: ${message}\n  ${lineNum} ${line.trim()}\n`);
  }
}
device.destroy();
process.stdout.write(`${variants.length} shader variants compiled, ${complaints} messages\n`);
process.exitCode = complaints > 0 ? 1 : 0;
