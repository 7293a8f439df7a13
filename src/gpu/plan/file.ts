/**
 * Plans as text. A plan decides in which order sums are added up, so it belongs to a result as a seed does: whoever
 * has both gets the same bits on the same adapter.
 */
import type { Sharing, Tile } from '../../../shaders/tile.ts';
import type { EnginePlan } from '../../engine/engine.ts';
import { FormatError } from '../../errors.ts';
import { requireObject, show as showAny } from '../../network/arguments.ts';
import type { Network } from '../../network/network.ts';
import { requireLayerSizes } from '../../network/parameters.ts';
import type { LayerPlan, Plan } from './plan.ts';

/** What a plan file says: JSON of this. */
export interface PlanFile<P extends EnginePlan = Plan> {
  readonly format: typeof format;
  readonly version: typeof version;
  /** Sizes of the layers of the network that the plan is for. */
  readonly layers: readonly number[];
  readonly plan: P;
}

const format = 'nudge plan';
const version = 1;
/** No plan needs a larger number, and with this no product of two is rounded. */
export const largestCount = 2 ** 26 - 1;
/** Samples that an invocation, or a workgroup, may take through fused layers. */
export const mostFusedRows = 64;

export function planFile<P extends EnginePlan>(
  { layers }: Pick<Network, 'layers'>,
  plan: P,
): PlanFile<P> {
  return { format, version, layers: [...layers], plan };
}

/**
 * @returns JSON that {@link parsePlan} reads, ending in a line break
 * @throws {FormatError} for a plan that could not be read again
 */
export function serializePlan(network: Pick<Network, 'layers'>, plan: EnginePlan): string {
  requireLayers(network);
  readPlan(plan);
  return `${JSON.stringify(planFile(network, plan), undefined, 2)}\n`;
}

/**
 * Reads what {@link serializePlan} wrote. Whether the adapter can run the plan is for the engine to say.
 * @throws {FormatError} for text that is no plan, or that of another network
 */
export function parsePlan(text: string, network: Pick<Network, 'layers'>): Plan {
  requireLayers(network);
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    refuse(`it is no JSON (${(cause as Error).message})`, { cause });
  }
  return readPlanFile(file, network);
}

/** {@link parsePlan} for what is parsed already. */
export function readPlanFile(file: unknown, network: Pick<Network, 'layers'>): Plan {
  const whole = readObject(file, 'the file', ['format', 'version', 'layers', 'plan']);
  if (whole.format !== format) refuse(`its format is ${show(whole.format)}, not '${format}'`);
  if (whole.version !== version) {
    refuse(`its version is ${show(whole.version)}, and this nudge reads version ${version}`);
  }
  const layers = readList(whole.layers, 'layers').map((size, i) =>
    readCount(size, `layers[${i}]`, 1),
  );
  if (layers.join() !== network.layers.join()) {
    refuse(`it is for a network ${layers.join('-')}, and this one is ${network.layers.join('-')}`);
  }
  return readPlan(whole.plan);
}

function requireLayers(network: Pick<Network, 'layers'>): void {
  requireObject('The network of a plan', network);
  requireLayerSizes(network.layers);
}

function readPlan(value: unknown): Plan {
  const names = ['batchSize', 'rows', 'layers', 'lanes', 'fused', 'stepsPerSubmit'];
  const plan = readObject(value, 'plan', names, ['fused']);
  const lanes = readObject(plan.lanes, 'plan.lanes', ['workgroupSize', 'broadcast']);
  return {
    batchSize: readCount(plan.batchSize, 'plan.batchSize', 1),
    rows: readCount(plan.rows, 'plan.rows', 1),
    layers: readList(plan.layers, 'plan.layers').map((layer, l) =>
      readLayer(layer, `plan.layers[${l}]`),
    ),
    lanes: {
      workgroupSize: readCount(lanes.workgroupSize, 'plan.lanes.workgroupSize', 1),
      broadcast: readCount(lanes.broadcast, 'plan.lanes.broadcast', 0),
    },
    ...(plan.fused !== undefined && { fused: readFused(plan.fused) }),
    stepsPerSubmit: readCount(plan.stepsPerSubmit, 'plan.stepsPerSubmit', 1),
  };
}

function readFused(value: unknown): NonNullable<Plan['fused']> {
  const names = ['from', 'rows', 'workgroupSize', 'isPlain'];
  const fused = readObject(value, 'plan.fused', names, ['workgroupSize', 'isPlain']);
  const { workgroupSize, isPlain } = fused;
  return {
    from: readCount(fused.from, 'plan.fused.from', 0),
    rows: readCount(fused.rows, 'plan.fused.rows', 1, mostFusedRows),
    ...(workgroupSize !== undefined && {
      workgroupSize: readCount(workgroupSize, 'plan.fused.workgroupSize', 1),
    }),
    ...(isPlain !== undefined && { isPlain: readSwitch(isPlain, 'plan.fused.isPlain') }),
  };
}

function readLayer(value: unknown, name: string): LayerPlan {
  const layer = readObject(value, name, ['forward', 'hiddenDelta', 'update']);
  return {
    forward: readTile(layer.forward, `${name}.forward`),
    hiddenDelta: readTile(layer.hiddenDelta, `${name}.hiddenDelta`),
    update: readTile(layer.update, `${name}.update`),
  };
}

function readTile(value: unknown, name: string): Tile {
  const names = ['rows', 'quads', 'shared', 'isPlain', 'fromTextures'];
  const tile = readObject(value, name, names, ['shared', 'isPlain', 'fromTextures']);
  const { isPlain, fromTextures } = tile;
  return {
    rows: readCount(tile.rows, `${name}.rows`, 1),
    quads: readCount(tile.quads, `${name}.quads`, 1),
    ...(tile.shared !== undefined && { shared: readSharing(tile.shared, `${name}.shared`) }),
    ...(isPlain !== undefined && { isPlain: readSwitch(isPlain, `${name}.isPlain`) }),
    ...(fromTextures !== undefined && {
      fromTextures: readSwitch(fromTextures, `${name}.fromTextures`),
    }),
  };
}

function readSharing(value: unknown, name: string): Sharing {
  const names = ['workgroupSize', 'across', 'slices', 'depth', 'ahead'];
  const shared = readObject(value, name, names, ['ahead']);
  const { ahead } = shared;
  return {
    workgroupSize: readCount(shared.workgroupSize, `${name}.workgroupSize`, 1),
    across: readCount(shared.across, `${name}.across`, 1),
    slices: readCount(shared.slices, `${name}.slices`, 1),
    depth: readCount(shared.depth, `${name}.depth`, 0),
    ...(ahead !== undefined && { ahead: readSwitch(ahead, `${name}.ahead`) }),
  };
}

/** An object with these properties and no others, of which only `optional` ones may be missing. */
function readObject(
  value: unknown,
  name: string,
  names: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(`${name} is ${show(value)}, and an object with ${names.join(', ')} belongs there`);
  }
  const missing = names.find((one) => !optional.includes(one) && !Object.hasOwn(value, one));
  if (missing !== undefined) refuse(`${name} has no '${missing}'`);
  // A later nudge may have meant something by it, and what is passed over would make another plan of it.
  const unknown = Object.keys(value).find((one) => !names.includes(one));
  if (unknown !== undefined) {
    refuse(`${name} has '${unknown}', and only ${names.join(', ')} are known`);
  }
  return value as Record<string, unknown>;
}

function readList(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) refuse(`${name} is ${show(value)}, and a list belongs there`);
  return value;
}

function readCount(value: unknown, name: string, least: number, most = largestCount): number {
  if (!(Number.isInteger(value) && (value as number) >= least && (value as number) <= most)) {
    refuse(`${name} is ${show(value)}, and a whole number from ${least} to ${most} belongs there`);
  }
  return value as number;
}

function readSwitch(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') {
    refuse(`${name} is ${show(value)}, and true or false belongs there`);
  }
  return value;
}

/** A value as the file has it, in few characters. */
function show(value: unknown): string {
  if (value === undefined) return 'missing';
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // It is nested too deep, or was never in a file.
  }
  text ??= showAny(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function refuse(fact: string, options?: ErrorOptions): never {
  throw new FormatError(
    `This is not a plan for this network: ${fact}. Make one with 'nudge tune', or use the default plan.`,
    0,
    options,
  );
}
