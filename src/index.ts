/** nudge's public API. An application imports only what this file exports. */
/// <reference types="@webgpu/types" preserve="true" />
export { createDataset, sliceDataset, type Dataset, type DatasetParts } from './data/dataset.ts';
export { digits, digitsRange, type DigitsOptions, type DigitsSplit } from './data/digits/digits.ts';
export { readIdx, type IdxOptions, type IdxTensor } from './data/idx.ts';
export { readMnist, readMnistFiles, type MnistRole, type TrainingAndTest } from './data/mnist.ts';
export { tunePlan, type TunePlanOptions } from './benchmark/tunePlan.ts';
export * from './errors.ts';
export type { CheckpointSlots, NewestCheckpoint, SlotStorage } from './formats/checkpointSlots.ts';
export { originCheckpoints } from './formats/originCheckpoints.ts';
export { loadParameters, saveParameters } from './formats/parameters.ts';
export { sha256 } from './formats/sha256.ts';
export { adapterName, type AdapterDescription } from './gpu/adapter.ts';
export { Device, type DeviceOptions } from './gpu/device.ts';
export type { PlanOrigin } from './gpu/createEngine.ts';
export { probeAdapter, type MeasuredLimits, type ProbeOptions } from './gpu/probes/probeAdapter.ts';
export type { Arithmetic as MeasuredArithmetic } from './gpu/probes/arithmetic.ts';
export type { Latency as MeasuredLatency } from './gpu/probes/latency.ts';
export type { Memory as MeasuredMemory } from './gpu/probes/memory.ts';
export type { Measured } from './gpu/probes/slope.ts';
export type { Activation, Cost, Output } from './network/functions.ts';
export {
  dense,
  type DenseLayer,
  type DenseOptions,
  type HiddenActivation,
  type Layer,
} from './network/layers.ts';
export type { Initializer } from './network/initializers.ts';
export type { Plan } from './gpu/plan/plan.ts';
export { parsePlan, serializePlan } from './gpu/plan/file.ts';
export type { PlanCache } from './gpu/plan/cache.ts';
export { memoryPlanCache, storagePlanCache, type PlanStorage } from './gpu/plan/storageCache.ts';
export type { LedgerEntry as TuningEntry } from './gpu/plan/tuning/ledger.ts';
export type {
  Answer as TuningAnswer,
  Decision as TuningDecision,
  TuneProgress,
  Tuning,
} from './gpu/plan/tuning/tuner.ts';
export { Network, type NetworkOptions, type PlainNetworkOptions } from './network/network.ts';
export { countParameters, parameterLayout, type LayerParameters } from './network/parameters.ts';
export { presets, type Preset, type PresetName } from './network/presets.ts';
export type { Values } from './engine/pass.ts';
export {
  exampleNudge,
  type BatchExplanation,
  type BatchLayer,
  type ParameterAddress,
} from './reference/batchExplanation.ts';
export type { NetworkShape } from './reference/backpropagation.ts';
export {
  averageNudges,
  rankSensitivities,
  sampleNudges,
  timesMoreSensitive,
  type AverageNudges,
  type LayerNudges,
  type OutputNudge,
  type ParameterizedNetwork,
  type ParameterNudges,
  type SampleNudges,
  type WeightAddress,
  type WeightSensitivity,
} from './reference/nudges.ts';
export type { Backend, EnginePlan, EngineState, Evaluation, Preparation } from './engine/engine.ts';
export * from './engine/optimizers.ts';
export {
  constantRate,
  cosineDecay,
  exponentialDecay,
  learningRateAt,
  stepDecay,
  type Common as CommonSchedule,
  type CommonOptions as ConstantRateOptions,
  type CosineOptions as CosineDecayOptions,
  type Decay as DecaySchedule,
  type DecayOptions,
  type LearningRate,
  type Schedule,
} from './engine/schedules.ts';
export {
  Sweep,
  type MemberResult,
  type SweepMember,
  type SweepOptions,
  type SweepProgress,
  type SweepState,
} from './training/sweep.ts';
export type { FitOptions } from './training/loop.ts';
export { Trainer, type Explanation, type Progress } from './training/trainer.ts';
export type { CurvePoint } from './training/costCurve.ts';
export type { CheckpointOptions, ResumeOptions, Resumption } from './training/resume.ts';
export type { LossOptions, RecoveryEvent } from './training/recovery.ts';
export type { TrainingSnapshot } from './training/snapshot.ts';
export type { TrainerOptions } from './training/trainerOptions.ts';
