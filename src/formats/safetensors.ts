/**
 * safetensors: a file of named tensors that PyTorch, JAX and others read. Opening a file runs no code.
 * https://huggingface.co/docs/safetensors
 */
export { dtypes, type Dtype } from './safetensors/dtype.ts';
export { readSafetensors } from './safetensors/read.ts';
export {
  float32Tensor,
  float32Values,
  float64Tensor,
  float64Values,
  type SafetensorsFile,
  type Tensor,
} from './safetensors/tensor.ts';
export { writeSafetensors } from './safetensors/write.ts';
