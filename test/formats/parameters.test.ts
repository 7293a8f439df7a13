import { describe, expect, test } from 'vitest';
import { ConfigurationError, FormatError, NonFiniteError } from '../../src/errors.ts';
import { loadParameters, saveParameters } from '../../src/formats/parameters.ts';
import {
  float32Tensor,
  readSafetensors,
  writeSafetensors,
  type Tensor,
} from '../../src/formats/safetensors.ts';
import { Network, type PlainNetworkOptions } from '../../src/network/network.ts';
import { errorOf } from '../support/failure.ts';
import { officialNetworkFile } from './safetensorsFile.ts';

const network = new Network({
  layers: [3, 2, 4],
  activation: 'gelu',
  output: 'softmax',
  cost: 'cross-entropy',
  initializer: 'he',
  seed: 4294967295,
});
const functions = { activation: 'tanh', output: 'linear', cost: 'squared-error' } as const;

/** A tensor of this shape with elements 1, 2, 3, … */
function counted(...shape: number[]): Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return float32Tensor(
    shape,
    Float32Array.from({ length }, (_, i) => i + 1),
  );
}

function fileOf(
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  return writeSafetensors(new Map(Object.entries(tensors)), new Map(Object.entries(metadata)));
}

/** The saved network with some tensors or metadata replaced, or removed where undefined. */
function savedWith(
  tensors: Record<string, Tensor | undefined>,
  metadata: Record<string, string | undefined> = {},
): Uint8Array {
  const file = readSafetensors(saveParameters(network));
  return writeSafetensors(replaced(file.tensors, tensors), replaced(file.metadata, metadata));
}

function replaced<T>(map: ReadonlyMap<string, T>, changes: Record<string, T | undefined>) {
  const copy = new Map(map);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) copy.delete(name);
    else copy.set(name, value);
  }
  return copy;
}

test('activations of each layer come back', () => {
  const mixed = new Network({ layers: [3, 4, 5, 2], activation: ['relu', 'tanh'] });
  expect(loadParameters(saveParameters(mixed))).toEqual(mixed);
  expect(() => loadParameters(saveParameters(mixed), { activation: 'relu' })).toThrow(
    "has activation 'relu,tanh', but the call asks for 'relu'",
  );
});

describe('saving', () => {
  test('gives tensors the names, shapes and order of elements of nn.Linear', () => {
    const parameters = Float32Array.from({ length: 3 * 2 + 2 + 2 * 4 + 4 }, (_, i) => i);
    const { tensors } = readSafetensors(saveParameters(network.withParameters(parameters)));
    const seen = [...tensors].map(([name, { dtype, shape, data }]) => {
      const values = new Float32Array(data.slice().buffer);
      return [name, dtype, shape, [...values]];
    });
    expect(seen).toEqual([
      ['layers.0.bias', 'F32', [2], [6, 7]],
      ['layers.0.weight', 'F32', [2, 3], [0, 1, 2, 3, 4, 5]],
      ['layers.1.bias', 'F32', [4], [16, 17, 18, 19]],
      ['layers.1.weight', 'F32', [4, 2], [8, 9, 10, 11, 12, 13, 14, 15]],
    ]);
  });

  test('says what else the network is, and the format that PyTorch looks for', () => {
    expect(Object.fromEntries(readSafetensors(saveParameters(network)).metadata)).toEqual({
      format: 'pt',
      layers: '3,2,4',
      activation: 'gelu',
      output: 'softmax',
      cost: 'cross-entropy',
      initializer: 'he',
      seed: '4294967295',
    });
  });

  test('the same network gives the same bytes', () => {
    expect(saveParameters(new Network(network, network.parameters))).toEqual(
      saveParameters(network),
    );
  });

  test.each([
    [7, NaN, "Element [1] of tensor 'layers.0.bias' is NaN"],
    [4, Infinity, "Element [1, 1] of tensor 'layers.0.weight' is Infinity"],
    [13, -Infinity, "Element [2, 1] of tensor 'layers.1.weight' is -Infinity"],
  ])('parameter %i of %d is refused', (index, value, message) => {
    const parameters = Float32Array.from(network.parameters);
    parameters[index] = value;
    // A network is made of finite parameters alone; this one was written to afterwards.
    const { message: made } = errorOf(NonFiniteError, () => network.withParameters(parameters));
    expect(made).toContain(message);
    const spoiled = new Network(network, network.parameters);
    spoiled.parameters[index] = value;
    const { message: text } = errorOf(NonFiniteError, () => saveParameters(spoiled));
    expect(text).toContain(`${message}, so nothing was saved`);
  });
});

describe('loading', () => {
  test('gives back the network that was saved', () => {
    const loaded = loadParameters(saveParameters(network));
    expect(loaded).toBeInstanceOf(Network);
    expect(loaded).toEqual(network);
    expect(
      Buffer.from(loaded.parameters.buffer).equals(Buffer.from(network.parameters.buffer)),
    ).toBe(true);
  });

  test('keeps every bit of the smallest, the largest and the negative zero', () => {
    const parameters = new Float32Array(network.parameterCount);
    parameters.set([
      -0,
      2 ** -149,
      -(2 ** -149),
      3.4028234663852886e38,
      -3.4028234663852886e38,
      0.1,
    ]);
    const loaded = loadParameters(saveParameters(network.withParameters(parameters)));
    expect([...new Uint32Array(loaded.parameters.buffer)]).toEqual([
      ...new Uint32Array(parameters.buffer),
    ]);
  });

  test('works wherever in a buffer the file begins', () => {
    const file = saveParameters(network);
    const within = new Uint8Array(file.length + 1);
    within.set(file, 1);
    expect(loadParameters(within.subarray(1)).parameters).toEqual(network.parameters);
  });

  test('more than ten layers come back in order', () => {
    const deep = new Network({ layers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] });
    const loaded = loadParameters(saveParameters(deep));
    expect(loaded.layers).toEqual(deep.layers);
    expect(loaded.parameters).toEqual(deep.parameters);
  });

  test('a file of the official package takes its layers from the shapes and the rest from the options', () => {
    const loaded = loadParameters(officialNetworkFile, functions);
    expect(loaded.layers).toEqual([2, 3, 2]);
    expect(loaded).toMatchObject({ ...functions, initializer: 'xavier', seed: 1 });
    expect([...loaded.parameters]).toEqual([
      ...[0, 0.25, 0.5, 0.75, 1, 1.25, 1, 2, 3],
      ...[-0, -1, -2, -3, -4, -5, 0.5, -0.5],
    ]);
  });

  test.each(['activation', 'output', 'cost'] as const)(
    'a file that does not say its %s needs it as an option',
    (missing) => {
      const given: Partial<PlainNetworkOptions> = Object.fromEntries(
        Object.entries(functions).filter(([name]) => name !== missing),
      );
      const { message } = errorOf(ConfigurationError, () =>
        loadParameters(officialNetworkFile, given),
      );
      expect(message).toContain(`does not say which ${missing} its network has`);
      expect(message).toContain(`Give ${missing} as an option.`);
    },
  );

  test('options that agree with the file are taken, and may change the cost, the initializer and the seed', () => {
    const options = {
      layers: [3, 2, 4],
      activation: 'gelu',
      output: 'softmax',
      cost: 'squared-error',
      initializer: 'normal',
      seed: 5,
    } as const;
    expect(loadParameters(saveParameters(network), options)).toEqual(
      new Network(options, network.parameters),
    );
  });

  test.each([
    [
      [3, 5, 4],
      "a network 3-2-4, but the call asks for 3-5-4: 'layers.0.weight' has shape [2, 3] rather than [5, 3]",
    ],
    [[3, 2, 7], "'layers.1.weight' has shape [4, 2] rather than [7, 2]"],
    [[3, 2], 'a network 3-2-4, but the call asks for 3-2. Ask for layers 3,2,4'],
    [[3, 2, 4, 1], 'a network 3-2-4, but the call asks for 3-2-4-1. Ask for'],
    [[], 'needs at least 2 layer sizes, all positive integers; got 0'],
  ])('layers %j are refused for a file of 3, 2, 4', (layers, message) => {
    const error = errorOf(ConfigurationError, () =>
      loadParameters(saveParameters(network), { layers }),
    );
    expect(error.message).toContain(message);
  });

  test.each([
    [{ activation: 'relu' } as const, "has activation 'gelu', but the call asks for 'relu'"],
    [{ output: 'sigmoid' } as const, "has output 'softmax', but the call asks for 'sigmoid'"],
  ])('%j is refused where the file says otherwise', (options, message) => {
    const error = errorOf(ConfigurationError, () =>
      loadParameters(saveParameters(network), options),
    );
    expect(error.message).toContain(message);
  });
});

describe('a file is refused', () => {
  test.each([
    [
      'without tensors',
      fileOf({}),
      "no tensor 'layers.0.weight' among the 0 tensors of the file. Name",
    ],
    [
      'with other names',
      fileOf({ '0.weight': counted(2, 3), '0.bias': counted(2) }),
      "among the 2 tensors of the file ('0.bias', '0.weight')",
    ],
    [
      'without a bias',
      savedWith({ 'layers.0.bias': undefined }),
      "no tensor 'layers.0.bias' among the 3",
    ],
    [
      'without a weight',
      savedWith({ 'layers.1.weight': undefined }),
      "no tensor 'layers.1.weight'",
    ],
    [
      'that skips a layer',
      fileOf({
        'layers.0.weight': counted(2, 3),
        'layers.0.bias': counted(2),
        'layers.2.weight': counted(1, 2),
        'layers.2.bias': counted(1),
      }),
      "Tensor 'layers.2.bias' does not belong to a network of 1 layers",
    ],
    [
      'with a tensor too many',
      savedWith({ 'layers.0.running_mean': counted(2) }),
      "Tensor 'layers.0.running_mean' does not belong to a network of 2 layers. The tensors must be layers.<i>.weight and layers.<i>.bias, i from 0 to 1",
    ],
    [
      'of half precision',
      savedWith({ 'layers.0.weight': { dtype: 'F16', shape: [2, 3], data: new Uint8Array(12) } }),
      "'layers.0.weight' must have dtype F32; got F16",
    ],
    [
      'of float64 biases',
      savedWith({ 'layers.1.bias': { dtype: 'F64', shape: [4], data: new Uint8Array(32) } }),
      "'layers.1.bias' must have dtype F32; got F64",
    ],
    [
      'with a flat weight',
      savedWith({ 'layers.0.weight': counted(6) }),
      "'layers.0.weight' must have shape [outputs, inputs], each at least 1; got [6]",
    ],
    [
      'with a bias of two dimensions',
      savedWith({ 'layers.0.bias': counted(2, 1) }),
      "'layers.0.bias' must have shape [outputs], each at least 1; got [2, 1]",
    ],
    [
      'with an empty layer',
      savedWith({ 'layers.0.weight': counted(0, 3) }),
      'shape [outputs, inputs], each at least 1; got [0, 3]',
    ],
    [
      'whose bias does not fit',
      savedWith({ 'layers.0.bias': counted(3) }),
      "'layers.0.bias' has shape [3], but 'layers.0.weight' of shape [2, 3] needs biases of shape [2]",
    ],
    [
      'whose layers do not chain',
      savedWith({ 'layers.1.weight': counted(4, 5) }),
      "'layers.1.weight' has shape [4, 5] for 5 inputs, but the previous layer has 2 outputs",
    ],
    [
      'whose metadata says other layers',
      savedWith({}, { layers: '3,4,2' }),
      "metadata says layers '3,4,2', but its tensors have layers 3,2,4",
    ],
    [
      'of an unknown activation',
      savedWith({}, { activation: 'swish' }),
      "has an unknown activation 'swish'. It must be one of sigmoid,",
    ],
    [
      'of an unknown output',
      savedWith({}, { output: 'relu' }),
      "has an unknown output 'relu'. It must be one of sigmoid, linear, softmax",
    ],
    [
      'of an unknown cost',
      savedWith({}, { cost: '' }),
      "has an unknown cost ''. It must be one of",
    ],
    [
      'of an unknown initializer',
      savedWith({}, { initializer: 'toString' }),
      "has an unknown initializer 'toString'",
    ],
    [
      'of a seed too large',
      savedWith({}, { seed: '4294967296' }),
      "must be an integer from 0 to 4294967295; got '4294967296'",
    ],
    ['of a seed that is no number', savedWith({}, { seed: '1e3' }), "got '1e3'"],
  ])('%s', (_, file, message) => {
    const error = errorOf(FormatError, () => loadParameters(file));
    expect(error.message).toContain(message);
    expect(error.offset).toBeGreaterThanOrEqual(8);
    expect(error.offset).toBeLessThanOrEqual(file.length);
  });

  test.each([
    ['layers.0.weight', [1, 2], 5, 0x7fc00000, 'NaN'],
    ['layers.1.weight', [3, 0], 6, 0x7f800000, 'Infinity'],
    ['layers.1.bias', [3], 3, 0xff800000, '-Infinity'],
  ])('with element %s %j that is not finite', (name, place, index, bits, text) => {
    const file = saveParameters(network);
    const offset = readSafetensors(file).tensors.get(name)!.data.byteOffset + 4 * index;
    new DataView(file.buffer).setUint32(offset, bits, true);
    const error = errorOf(FormatError, () => loadParameters(file));
    expect(error.message).toContain(
      `Element [${place.join(', ')}] of tensor '${name}' is ${text},`,
    );
    expect(error.offset).toBe(offset);
  });

  test('with the offset from where the file begins, not its buffer', () => {
    const file = savedWith({ 'layers.0.bias': counted(3) });
    const within = new Uint8Array(file.length + 100);
    within.set(file, 100);
    const offsets = [file, within.subarray(100)].map(
      (bytes) => errorOf(FormatError, () => loadParameters(bytes)).offset,
    );
    expect(offsets[1]).toBe(offsets[0]);
  });
});
