/**
 * Whether this machine may have a GPU. Only a driver knows for sure, but asking it is slow on Linux. Without
 * a GPU, Chromium with its GPU flags takes seconds to give up or never does, and Dawn prints warnings. The
 * kernel's device files show at once that there is no GPU.
 */
import { readdirSync } from 'node:fs';

/** @returns false only if there is surely no GPU. It is true outside Linux, where the system always has an adapter */
export function mayHaveGpu(
  platform: NodeJS.Platform = process.platform,
  deviceFiles: () => readonly string[] = listDeviceFiles,
): boolean {
  return platform !== 'linux' || deviceFiles().some((name) => gpuDeviceFile.test(name));
}

/** Device files of Mesa's and NVIDIA's drivers, Windows' GPU in WSL, Jetson, Adreno and Mali. */
const gpuDeviceFile = /^(dri\/renderD\d+|nvidia\d+|dxg|nvmap|kgsl-3d\d+|mali\d+)$/;

function listDeviceFiles(): string[] {
  const list = (folder: string): string[] => {
    try {
      return readdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  };
  return [...list('/dev'), ...list('/dev/dri').map((name) => `dri/${name}`)];
}
