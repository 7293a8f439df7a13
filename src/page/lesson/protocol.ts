/** The tasks of the lesson's worker, which computes everything that the figures show. */
import type { Task } from '../worker/messages.ts';
import type { Command, Frame, HistoryPoint } from './frame.ts';
import type { Example, Script } from './moment.ts';
import type { CostTasks } from './worker/cost.ts';
import type { SensitivityTasks } from './worker/sensitivity.ts';
import type { WiggleTasks } from './worker/wiggle.ts';
import type { AverageTasks } from './worker/average.ts';
import type { OnlyOneTasks } from './worker/onlyOne.ts';
import type { MiniBatchesTasks } from './worker/miniBatches.ts';
import type { DescentTasks } from './worker/descent.ts';
import type { DataTasks } from './worker/data.ts';
import type { CodeTasks } from './worker/code.ts';
import type { MendTasks } from './worker/mend.ts';
import type { PaceName } from './worker/pace.ts';

/** The tasks of the figures are in modules of the worker. */
export interface LessonTasks
  extends
    CostTasks,
    SensitivityTasks,
    WiggleTasks,
    AverageTasks,
    OnlyOneTasks,
    MiniBatchesTasks,
    DescentTasks,
    DataTasks,
    CodeTasks,
    MendTasks {
  /**
   * Opens the lesson at a moment, and emits frames until the page ends. Without a step it begins to train at once.
   */
  open: Task<
    {
      readonly script: Script;
      readonly step?: number;
      readonly example?: Example;
      /** Default: full. */
      readonly pace?: PaceName;
    },
    | { readonly type: 'frame'; readonly frame: Frame }
    | { readonly type: 'history'; readonly history: readonly HistoryPoint[] },
    void
  >;
  command: Task<Command, never, void>;
  /** Test samples by index: pixels and labels. */
  testSamples: Task<
    { readonly indices: readonly number[] },
    never,
    { readonly pixels: readonly Uint8Array[]; readonly labels: readonly number[] }
  >;
}
