/** The public API for Node: WebGPU, MNIST files and a plan cache. */
/// <reference types="@webgpu/types" preserve="true" />
export { createGpu, type AdapterChoice, type CreateGpuOptions } from './dawn.ts';
export { folderCheckpoints } from './checkpointFolder.ts';
export {
  downloadMnist,
  mnistMirrors,
  type DownloadOptions,
  type DownloadProgress,
  type DownloadResult,
} from './download.ts';
export { filePlanCache, planCachePath, type FilePlanCacheOptions } from './planCache.ts';
export type { MnistFile } from '../data/mnist.ts';
export { findMnistFolder, loadMnist } from './mnist.ts';
