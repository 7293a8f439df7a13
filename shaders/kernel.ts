/** What every file in this folder makes from its options: text, bindings and grid, side by side. */

export interface Binding {
  /** Name of the WGSL variable, and of the buffer or texture that the step binds to it. */
  readonly name: string;
  /** The first three are buffers; the others are what `software/swapped.ts` says. */
  readonly access: 'uniform' | 'read' | 'read_write' | 'texture' | 'store' | 'sampler';
  /** WGSL type. */
  readonly type: string;
  /** Texels of a texture, in a row and rows. */
  readonly size?: readonly [number, number];
}

export interface Kernel {
  /** Short: 'forward 784→16'. Shown by debuggers and in errors. */
  readonly label: string;
  /** Complete WGSL with the entry point `main`. */
  readonly code: string;
  /** In binding order, all in group 0. */
  readonly bindings: readonly Binding[];
  /** Grid to dispatch. */
  readonly workgroups: readonly [number, number, number];
  /**
   * Kernels that have to come first, which copy operands to textures. A step that has several uses for one makes it
   * once: what it copies does not change from there to the end of the step, unless by its last kernel.
   */
  readonly copies?: readonly Kernel[];
}

/** Kernels with their copies, each before the first that needs it. */
export function withCopies(kernels: readonly Kernel[]): readonly Kernel[] {
  const made = new Set<string>();
  return kernels.flatMap((kernel) => {
    const copies = (kernel.copies ?? []).filter(({ label }) => !made.has(label));
    for (const { label } of copies) made.add(label);
    return [...copies, kernel];
  });
}

/** WebGPU's default limit of workgroups in one dimension. */
const maxWorkgroups = 65535;

/** A grid of at least `invocations` invocations, folded into two dimensions where one is too short. */
export function grid(invocations: number, workgroupSize: number): [number, number, number] {
  const workgroups = Math.ceil(invocations / workgroupSize);
  const y = Math.ceil(workgroups / maxWorkgroups);
  return [Math.ceil(workgroups / y), y, 1];
}

/**
 * Finishes a kernel that is invoked so many times: writes the declarations of its bindings above `body`, and the
 * index of the invocation.
 * @param invocations how many the kernel needs; `body` may use `invocation`, always below that
 * @param workgroupSize how many of them form a workgroup
 */
export function kernel(
  label: string,
  bindings: readonly Binding[],
  invocations: number,
  workgroupSize: number,
  functions: string,
  body: string,
): Kernel {
  const workgroups = grid(invocations, workgroupSize);
  const code = `// ${label}
${declare(bindings)}
${functions}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let invocation = id.x${workgroups[1] > 1 ? ` + id.y * ${workgroups[0] * workgroupSize}u` : ''};
  if (invocation >= ${invocations}u) { return; }
${body}
}
`;
  return { label, code, bindings, workgroups };
}

/**
 * Finishes a kernel that thinks in workgroups. `body` may use `workgroup`, below `workgroups` and the same for all of a
 * workgroup; `lane`, the invocation's index in it; and `invocation`, its index among all.
 */
export function workgroupKernel({
  label,
  bindings,
  workgroups: count,
  workgroupSize,
  functions,
  body,
  copies = [],
}: {
  readonly label: string;
  readonly bindings: readonly Binding[];
  /** That the kernel needs. */
  readonly workgroups: number;
  readonly workgroupSize: number;
  readonly functions: string;
  readonly body: string;
  /** See {@link Kernel}. */
  readonly copies?: readonly Kernel[];
}): Kernel {
  const workgroups = grid(count, 1);
  const enable = functions.includes('quadSwap') ? 'enable subgroups;\n' : '';
  const code = `// ${label}
${enable}${declare(bindings)}
${functions}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let workgroup = id.x${workgroups[1] > 1 ? ` + id.y * ${workgroups[0]}u` : ''};
${workgroups[0] * workgroups[1] > count ? `  if (workgroup >= ${count}u) { return; }\n` : ''}  let invocation = workgroup * ${workgroupSize}u + lane;
${body}
}
`;
  return { label, code, bindings, workgroups, ...(copies.length > 0 && { copies }) };
}

const spaces: Readonly<Record<Binding['access'], string>> = {
  uniform: '<uniform>',
  read: '<storage, read>',
  read_write: '<storage, read_write>',
  texture: '',
  store: '',
  sampler: '',
};

/** Bindings in WGSL. */
export function declare(bindings: readonly Binding[]): string {
  return bindings
    .map(({ name, access, type }, index) => {
      return `@group(0) @binding(${index}) var${spaces[access]} ${name}: ${type};`;
    })
    .join('\n');
}
