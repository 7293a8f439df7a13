/**
 * Whether this machine may have a GPU. Asking a driver is the only sure answer, but on Linux it is a
 * slow one: where there is no GPU, Chromium with its flags for one takes seconds to give up or never
 * does, and Dawn prints warnings. The kernel's device files tell at once when the answer is no.
 */
import { readdirSync } from 'node:fs';

/** @returns false only where there is surely none; outside Linux the systems bring an adapter anyway */
export function mayHaveGpu(
  platform: NodeJS.Platform = process.platform,
  deviceFiles: () => readonly string[] = listDeviceFiles,
): boolean {
  return platform !== 'linux' || deviceFiles().some((name) => gpuDeviceFile.test(name));
}

/** Mesa's and NVIDIA's drivers, Windows' GPU inside WSL, Jetson, Adreno, Mali. */
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
