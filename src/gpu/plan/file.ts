/**
 * Reads and writes plans as text. A plan decides the order in which sums are added up, so it belongs to a result like a
 * seed: the same plan and seed give the same bits on the same adapter.
 */
import * as v from 'valibot';

import { registerLoopNames } from '../../../shaders/matmul/matmul.ts';
import type { EnginePlan } from '../../engine/engine.ts';
import { FormatError } from '../../errors.ts';
import { escapeInvisible, requireObject, showJson } from '../../network/arguments.ts';
import type { Network } from '../../network/network.ts';
import { requireLayerSizes } from '../../network/parameters.ts';
import type { Plan } from './plan.ts';

/** JSON content of a plan file. */
export interface PlanFile<P extends EnginePlan = Plan> {
  readonly format: typeof format;
  readonly version: typeof version;
  /** Layer sizes of the network that the plan is for. */
  readonly layers: readonly number[];
  readonly plan: P;
}

const format = 'nudge plan';
const version = 3;
/** Largest number in a plan. No plan needs more, and products of two such numbers are exact in float64. */
export const maxCount = 2 ** 26 - 1;

export function planFile<P extends EnginePlan>(
  { layers }: Pick<Network, 'layers'>,
  plan: P,
): PlanFile<P> {
  return { format, version, layers: [...layers], plan };
}

/**
 * @returns JSON for {@link parsePlan}, ending in a line break
 * @throws {FormatError} for a plan that could not be read again
 */
export function serializePlan(network: Pick<Network, 'layers'>, plan: EnginePlan): string {
  requireLayers(network);
  readPlan(plan);
  return `${JSON.stringify(planFile(network, plan), undefined, 2)}\n`;
}

/**
 * Reads a plan written by {@link serializePlan}. The engine checks later whether the adapter can run it.
 * @throws {FormatError} if the text is not a plan, or the plan is for another network
 */
export function parsePlan(text: string, network: Pick<Network, 'layers'>): Plan {
  requireLayers(network);
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    refuse(`it is not JSON (${(cause as Error).message})`, { cause });
  }
  return readPlanFile(file, network);
}

/** Like {@link parsePlan}, but takes the parsed JSON. */
export function readPlanFile(file: unknown, network: Pick<Network, 'layers'>): Plan {
  // Valibot would accept an array as an object.
  if (Array.isArray(file)) refuse(`the file is ${show(file)}; expected Object`);
  const whole = read(fileSchema, file, 'the file');
  const { layers, plan } = whole;
  if (whole.format !== format) refuse(`its format is ${show(whole.format)}, not '${format}'`);
  if (whole.version !== version) {
    refuse(`its version is ${show(whole.version)}; this nudge reads version ${version}`);
  }
  if (layers.join() !== network.layers.join()) {
    refuse(`it is for a network ${layers.join('-')}, but this one is ${network.layers.join('-')}`);
  }
  return readPlan(plan);
}

function requireLayers(network: Pick<Network, 'layers'>): void {
  requireObject('The network of a plan', network);
  requireLayerSizes(network.layers);
}

const count = (min: number) =>
  v.custom<number>(
    (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= maxCount,
    `an integer from ${min} to ${maxCount}`,
  );
const ofInvocation = { rows4: count(1), columns4: count(1), workgroupSize: count(1) };
const tileSchema = v.variant('loop', [
  ...registerLoopNames.map((loop) => v.strictObject({ loop: v.literal(loop), ...ofInvocation })),
  v.strictObject({ loop: v.literal('tiled'), ...ofInvocation, across: count(1), tileK4: count(1) }),
  v.strictObject({
    loop: v.literal('splitK'),
    ...{ splitK: count(1), across: count(1), workgroupSize: count(1) },
  }),
]);
const planSchema = v.strictObject({
  batchSize: count(1),
  layers: v.array(
    v.strictObject({ forward: tileSchema, hiddenDelta: tileSchema, update: tileSchema }),
  ),
  fused: v.exactOptional(
    v.strictObject({
      from: count(0),
      loop: v.picklist(['simple', 'splitK']),
      rows4: count(1),
      workgroupSize: count(1),
    }),
  ),
  stepsPerSubmit: count(1),
});
/**
 * The other fields are checked separately, so that a plan of another version or network is rejected with that reason.
 */
const fileSchema = v.strictObject({
  ...{ format: v.unknown(), version: v.unknown(), layers: v.array(count(1)), plan: v.unknown() },
});

function readPlan(value: unknown): Plan {
  return read(planSchema, value, 'plan');
}

function read<T>(schema: v.GenericSchema<unknown, T>, value: unknown, name: string): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = (issue.path ?? []).map(({ key }) =>
    typeof key === 'number' ? `[${key}]` : `.${String(key)}`,
  );
  const whole = name + path.join('');
  const where = whole.length > 200 ? `${whole.slice(0, 200)}…` : whole;
  if (issue.expected === 'never') refuse(`${where} is not a known field`);
  const expected = issue.type === 'custom' ? issue.message : issue.expected;
  refuse(`${where} is ${show(issue.input)}; expected ${expected}`);
}

const show = (value: unknown) => (value === undefined ? 'missing' : showJson(value));

/** @param fact may contain text of the file */
function refuse(fact: string, options?: ErrorOptions): never {
  throw new FormatError(
    `This is not a plan for this network: ${escapeInvisible(fact)}. Make one with 'nudge tune', or use the default plan.`,
    0,
    options,
  );
}
