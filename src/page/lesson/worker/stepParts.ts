/** The parts of a training step, in order, and the shader code of each. */
export const stepParts = [
  'forward',
  'outputDelta',
  'hiddenDelta',
  'weightGradient',
  'update',
] as const;
export type StepPart = (typeof stepParts)[number];

export interface StepShader {
  readonly kernels: readonly { readonly label: string; readonly workgroups: number }[];
  /** Of all kernels. */
  readonly lineCount: number;
  /** The functions that compute each part. */
  readonly parts: Readonly<Record<StepPart, string>>;
}
