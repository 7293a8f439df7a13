// Temporary: until the trainer has snapshots.
import { Trainer } from '../../../training/trainer.ts';
export type TrainingSnapshot = { parameters: Float32Array; step: number };
declare module '../../../training/trainer.ts' {
  interface Trainer {
    snapshot(): Promise<TrainingSnapshot>;
    restore(snapshot: TrainingSnapshot): Promise<void>;
  }
}
Object.assign(Trainer.prototype, {
  async snapshot(this: Trainer) {
    return { parameters: (await this.network()).parameters, step: this.step };
  },
  async restore(this: Trainer) {},
});
