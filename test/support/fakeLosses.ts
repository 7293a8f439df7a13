import { loseDevices, type LossReport } from '../../bench/page/losses.ts';
import { createDataset } from '../../src/data/dataset.ts';
import { Network } from '../../src/network/network.ts';
import { FakeGpu } from './fakeGpu.ts';

// Its layers are whole aligned blocks, because the fake does not keep the padding between them at 0.
export const network = new Network({ layers: [4, 64, 4], seed: 1 });
export const training = createDataset({
  ...{ name: 'noise', featureCount: 4, classCount: 4 },
  features: Uint8Array.from({ length: 80 }, (_, i) => (i * 37) % 256),
  labels: Uint8Array.from({ length: 20 }, (_, n) => n % 4),
});

/** {@link loseDevices} on a GPU that needs no adapter. @returns also how many buffers are left on devices that live */
export async function loseFakeDevices(
  losses: number,
  seed: number,
): Promise<LossReport & { readonly left: number }> {
  let last: FakeGpu | undefined;
  let left = 0;
  const countLeft = () => (left += last?.liveResources ?? 0);
  const report = await loseDevices(
    {
      ...{ network, training },
      open: (fate) => {
        countLeft();
        last = new FakeGpu((_, device) => {
          if (device?.isLost !== false || !fate.meets()) return undefined;
          fate.losses++;
          return 'lost';
        });
        return last.gpu;
      },
    },
    losses,
    seed,
  );
  countLeft();
  return { ...report, left };
}
