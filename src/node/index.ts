/** What a program in Node needs beside the engine itself. */
export { createGpu, type AdapterChoice, type CreateGpuOptions } from './dawn.ts';
export { downloadMnist, mnistMirrors } from './download.ts';
export { findMnistFolder, loadMnist } from './mnist.ts';
