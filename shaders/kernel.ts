/** The output of every file in this folder: WGSL text, bindings and grid. */

export interface Binding {
  /** Name of the WGSL variable, and of the buffer or texture that the step binds to it. */
  readonly name: string;
  /** The first three are buffers. */
  readonly access: 'uniform' | 'read' | 'read_write' | 'texture' | 'sampler';
  /** WGSL type. */
  readonly type: string;
  /** What a texture holds. */
  readonly texels?: Texels;
}

/** A texture with the contents of a buffer, which a step copies there before the first kernel that reads it. */
export interface Texels {
  readonly buffer: string;
  /** Offset in the buffer in vec4f, which are the texels. */
  readonly at: number;
  readonly width: number;
  readonly height: number;
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
}

/** Binds a buffer. */
export function buffer(
  name: string,
  access: 'read' | 'read_write',
  type = 'array<vec4f>',
): Binding {
  return { name, access, type };
}

export interface KernelParts {
  readonly label: string;
  readonly bindings: readonly Binding[];
  /** Number of invocations that the kernel needs: a multiple of `workgroupSize` if those of a workgroup cooperate. */
  readonly invocations: number;
  readonly workgroupSize: number;
  readonly functions?: string;
  /**
   * May use `workgroup`, which is the same for all invocations of a workgroup; `lane`, the index of the invocation in
   * its workgroup; and `invocation`, its index among all, which is below `invocations`.
   */
  readonly body: string;
}

/** Default WebGPU limit of workgroups in one dimension. */
const maxWorkgroups = 65535;

/** Completes a kernel: adds the declarations of its bindings, the grid and the indices of an invocation. */
export function kernel({
  label,
  bindings,
  invocations,
  workgroupSize,
  ...parts
}: KernelParts): Kernel {
  const { functions = '', body } = parts;
  const count = Math.ceil(invocations / workgroupSize);
  // Two dimensions if one is too short.
  const y = Math.ceil(count / maxWorkgroups);
  const x = Math.ceil(count / y);
  // Workgroups with barriers must not lose single invocations.
  const isOutside =
    invocations % workgroupSize > 0 ? `invocation >= ${invocations}u` : `workgroup >= ${count}u`;
  const code = `// ${label}
${functions.includes('quadSwap') ? 'enable subgroups;\n' : ''}${declare(bindings)}
${functions}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let workgroup = id.x${y > 1 ? ` + id.y * ${x}u` : ''};
  let invocation = workgroup * ${workgroupSize}u + lane;
${x * y * workgroupSize > invocations ? `  if (${isOutside}) { return; }\n` : ''}${body}
}
`;
  return { label, code, bindings, workgroups: [x, y, 1] };
}

const spaces: Readonly<Record<Binding['access'], string>> = {
  uniform: '<uniform>',
  read: '<storage, read>',
  read_write: '<storage, read_write>',
  texture: '',
  sampler: '',
};

function declare(bindings: readonly Binding[]): string {
  return bindings
    .map(({ name, access, type }, index) => {
      return `@group(0) @binding(${index}) var${spaces[access]} ${name}: ${type};`;
    })
    .join('\n');
}
