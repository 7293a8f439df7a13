/** The output of every file in this folder: WGSL text, bindings and grid. */

export interface Binding {
  /** Name of the WGSL variable, and of the buffer or texture that the step binds to it. */
  readonly name: string;
  /** The first three are buffers, `texture` and `store` read and write a texture. */
  readonly access: 'uniform' | 'read' | 'read_write' | 'texture' | 'store' | 'sampler';
  /** WGSL type. */
  readonly type: string;
  /** Size of a texture in texels: width and height. */
  readonly size?: readonly [number, number];
}

export interface Kernel {
  /** Short name, such as 'forward 784→16'. Debuggers and errors show it. */
  readonly label: string;
  /** Complete WGSL with the entry point `main`. */
  readonly code: string;
  /** Bindings in order, all in group 0. */
  readonly bindings: readonly Binding[];
  /** Grid to dispatch. */
  readonly workgroups: readonly [number, number, number];
  /**
   * Kernels that must run first, because they copy operands to textures. A step makes each copy once even if several
   * kernels use it, because only the last kernel of a step changes copied data afterwards.
   */
  readonly copies?: readonly Kernel[];
}

/** Inserts the copies of kernels, each before the first kernel that needs it. */
export function withCopies(kernels: readonly Kernel[]): readonly Kernel[] {
  const made = new Set<string>();
  return kernels.flatMap((kernel) => {
    const copies = (kernel.copies ?? []).filter(({ label }) => !made.has(label));
    for (const { label } of copies) made.add(label);
    return [...copies, kernel];
  });
}

/** Default WebGPU limit of workgroups in one dimension. */
const maxWorkgroups = 65535;

/** Returns a grid of at least `invocations` invocations, in two dimensions if one is too short. */
export function grid(invocations: number, workgroupSize: number): [number, number, number] {
  const workgroups = Math.ceil(invocations / workgroupSize);
  const y = Math.ceil(workgroups / maxWorkgroups);
  return [Math.ceil(workgroups / y), y, 1];
}

/**
 * Completes a kernel with independent invocations: adds the declarations of its bindings and the index of the
 * invocation.
 * @param invocations number of invocations that the kernel needs; `body` may use `invocation`, which is always smaller
 * @param workgroupSize invocations per workgroup
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
 * Completes a kernel whose workgroups cooperate. `body` may use `workgroup`, which is below `workgroups` and the same
 * for all invocations of a workgroup; `lane`, the index of the invocation in its workgroup; and `invocation`, its index
 * among all.
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
  /** Number of workgroups that the kernel needs. */
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

/** Returns the WGSL declarations of bindings. */
export function declare(bindings: readonly Binding[]): string {
  return bindings
    .map(({ name, access, type }, index) => {
      return `@group(0) @binding(${index}) var${spaces[access]} ${name}: ${type};`;
    })
    .join('\n');
}
