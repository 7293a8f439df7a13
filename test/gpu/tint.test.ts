/** What Tint, the compiler in Chromium and Dawn, adds to main loops that share memory: nothing in the inner loop. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { sharedVariants } from '../shaders/variants.ts';

/** Each kernel's SPIR-V as text, in the order of the program that prints them. */
async function dump(): Promise<string[]> {
  const program = join(import.meta.dirname, '../support/dumpShaders.ts');
  const run = await promisify(execFile)(process.execPath, ['--import', 'tsx', program], {
    maxBuffer: 2 ** 28,
  });
  return run.stdout.split(/^=== .*$/m).slice(1);
}

/** Accesses to workgroup memory whose index is the result of a minimum: within bounds by force. */
function clampedAccesses(spirv: string): number {
  const minima = new Set(
    [...spirv.matchAll(/^\s*(%\w+) = OpExtInst %uint %\w+ UMin/gm)].map(([, id]) => id),
  );
  const indices = [...spirv.matchAll(/OpAccessChain %_ptr_Workgroup_\w+ %shared4 (%\w+)/g)];
  return indices.filter(([, id]) => minima.has(id)).length;
}

it('guards no loop, and no read of workgroup memory in an inner loop, as it does where it must', async (context) => {
  const [guarded, ...kernels] = await dump();
  if (!guarded!.includes('OpAccessChain')) {
    return context.skip('Dawn compiles to another language than SPIR-V here');
  }
  // Both marks are what this test takes them for.
  expect(guarded).toContain('tint_loop_idx');
  expect(clampedAccesses(guarded!)).toBeGreaterThan(0);

  const variants = sharedVariants();
  expect(kernels).toHaveLength(variants.length);
  for (const [i, spirv] of kernels.entries()) {
    const { label, code } = variants[i]!;
    const products = code.match(/^fn matmul/gm)!.length;
    expect(spirv, label).toMatch(/OpAccessChain %_ptr_Workgroup_\w+ %shared4/);
    expect(spirv, label).not.toContain('tint_loop_idx');
    // What is stored, once a stage; no read of the inner loop.
    expect(clampedAccesses(spirv), label).toBeLessThanOrEqual(2 * products);
  }
});
