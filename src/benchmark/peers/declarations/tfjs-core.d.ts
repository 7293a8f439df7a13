/**
 * The few functions of TensorFlow.js that are used here. tsconfig.json points here, because TensorFlow.js's own declarations
 * do not compile: they bring an older @webgpu/types and name types that do not exist.
 */
export interface Tensor {
  data(): Promise<Float32Array | Int32Array>;
  dispose(): void;
}
export type Variable = Tensor;

export declare function setBackend(name: string): Promise<boolean>;
export declare function ready(): Promise<void>;
export declare function env(): {
  getAsync(flag: string): Promise<boolean | number | string>;
};
export declare function tidy<T>(fn: () => T): T;
export declare function dispose(tensors: Tensor | readonly Tensor[]): void;

export declare function tensor2d(values: Float32Array, shape: [number, number]): Tensor;
export declare function tensor1d(values: Float32Array): Tensor;
export declare function variable(initial: Tensor): Variable;
export declare const fused: {
  matMul(options: {
    a: Tensor;
    b: Tensor;
    bias?: Tensor;
    activation?: 'linear' | 'relu' | 'sigmoid';
  }): Tensor;
};
export declare function sub(a: Tensor | number, b: Tensor): Tensor;
export declare function mul(a: Tensor, b: Tensor | number): Tensor;
export declare function square(x: Tensor): Tensor;
export declare function log(x: Tensor): Tensor;
export declare function sum(x: Tensor, axis?: number): Tensor;
export declare function softmax(x: Tensor): Tensor;
export declare const train: {
  sgd(learningRate: number): {
    minimize(cost: () => Tensor, returnCost?: boolean, variables?: Variable[]): Tensor | null;
  };
};
export declare function customGrad(
  f: (
    x: Tensor,
    save: (tensors: Tensor[]) => void,
  ) => {
    value: Tensor;
    gradFunc: (dy: Tensor, saved: Tensor[]) => Tensor;
  },
): (x: Tensor) => Tensor;
