/**
 * The few functions of jax-js that are used here. tsconfig.json points here, because jax-js's own declarations name Float16Array,
 * which TypeScript's ES2023 library does not have.
 */
export type Device = 'cpu' | 'wasm' | 'webgpu' | 'webgl';
export interface Array {
  readonly ref: this;
  add(other: Array | number): Array;
  sub(other: Array | number): Array;
  mul(other: Array | number): Array;
  sum(axis?: number): Array;
  data(): Promise<Float32Array>;
  dispose(): void;
}
export declare function init(...devices: Device[]): Promise<Device[]>;
export declare function defaultDevice(device: Device): Device;
export declare function jit<F extends (...args: never[]) => unknown>(f: F): F & { dispose(): void };
export declare function valueAndGrad<Parameters, Rest extends unknown[]>(
  f: (parameters: Parameters, ...rest: Rest) => Array,
): (parameters: Parameters, ...rest: Rest) => [Array, Parameters];
export declare function blockUntilReady<T>(tree: T): Promise<T>;
export declare const tree: {
  ref<T>(tree: T): T;
  dispose(tree: unknown): void;
};
export declare const nn: {
  readonly relu: (x: Array) => Array;
  readonly sigmoid: (x: Array) => Array;
  readonly logSoftmax: (x: Array, axis?: number) => Array;
};
export declare const numpy: {
  array(values: Float32Array, options: { shape: number[]; device?: Device }): Array;
  matmul(a: Array, b: Array): Array;
  square(x: Array): Array;
};
