/** What every file in this folder makes from its options: text, bindings and grid, side by side. */

export interface Binding {
  /** Name of the WGSL variable, and of the buffer that the step binds to it. */
  readonly name: string;
  readonly access: 'uniform' | 'read' | 'read_write';
  /** WGSL type. */
  readonly type: string;
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
 * Finishes a kernel: writes the declarations of its bindings above `body`, and the index of the invocation.
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
  const declarations = bindings.map(({ name, access, type }, index) => {
    const space = access === 'uniform' ? 'uniform' : `storage, ${access}`;
    return `@group(0) @binding(${index}) var<${space}> ${name}: ${type};`;
  });
  const code = `// ${label}
${declarations.join('\n')}
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
