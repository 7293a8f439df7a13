/** Creates an engine on a GPU that survives the loss of its device. */
import { DeviceLostError } from '../errors.ts';
import { createGpuEngine } from '../gpu/createEngine.ts';
import type { Device } from '../gpu/device.ts';
import type { Network } from '../network/network.ts';
import { createOnCpu, type CreatedEngine } from './createdEngine.ts';
import { RecoveringEngine, type OpenEngine } from './recovery.ts';
import type { TrainerOptions } from './trainerOptions.ts';

/** @param auto the device that `auto` has chosen, and the reason */
export async function createOnGpu(
  network: Network,
  options: TrainerOptions,
  auto?: Pick<OpenEngine, 'release'> & { readonly device: Device; readonly choice: string },
): Promise<CreatedEngine> {
  const opened = auto
    ? { ...(await createGpuEngine({ ...options, ...auto, network })), release: auto.release }
    : await openGpu(network, options);
  return {
    engine: new RecoveringEngine({
      ...{ network, options, opened },
      choice: auto?.choice,
      openGpu: (another, plan) =>
        createGpuEngine({ ...options, network, device: another, plan: plan ?? 'default' }),
      openCpu: () => createOnCpu(network, options),
    }),
  };
}

/** Devices on which a trainer is created at most, if each is lost meanwhile. */
const maxDevices = 3;

async function openGpu(network: Network, options: TrainerOptions) {
  for (let devices = 1; ; devices++) {
    const another = devices > 1 ? await options.device?.requestAnother() : undefined;
    try {
      const opened = await createGpuEngine({
        ...{ ...options, network },
        ...(another && { device: another }),
      });
      return another ? { ...opened, release: () => another.destroy() } : opened;
    } catch (error) {
      another?.destroy();
      const isFinal = devices === maxDevices || options.onDeviceLost === 'throw';
      if (isFinal || !(error instanceof DeviceLostError)) throw error;
    }
  }
}
