/** Writes safetensors, byte for byte as the official serializer does. */
import { ConfigurationError } from '../../errors.ts';
import { alignmentRank, tensorByteLength } from './dtype.ts';
import { quote } from './json.ts';
import { describeShape, maxHeaderBytes, metadataKey, type Tensor } from './tensor.ts';

/**
 * Makes a safetensors file. Tensors are ordered by falling alignment, then by name, and the header is padded with
 * spaces to a multiple of 8 bytes, so that each tensor's data is aligned to its element. The order of the maps
 * does not matter: equal contents give equal bytes.
 *
 * @param metadata the file's own metadata; omitted if empty. Keys are sorted. The official serializer does not
 *   sort them, so its files differ from run to run when there are two or more
 * @throws {ConfigurationError} for names, shapes or lengths that `readSafetensors` would refuse
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const sorted = sortByName(tensors).sort(
    ([, a], [, b]) => alignmentRank(b.dtype) - alignmentRank(a.dtype),
  );
  const members: string[] = [];
  if (metadata.size > 0) {
    const entries = sortByName(metadata).map(
      ([key, value]) => `${jsonKey(key)}:${jsonString(value)}`,
    );
    members.push(`"${metadataKey}":{${entries.join(',')}}`);
  }
  let dataBytes = 0;
  for (const [name, tensor] of sorted) {
    requireTensor(name, tensor);
    const { dtype, shape, data } = tensor;
    const end = dataBytes + data.length;
    members.push(
      `${jsonKey(name)}:{"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${dataBytes},${end}]}`,
    );
    dataBytes = end;
  }

  const json = new TextEncoder().encode(`{${members.join(',')}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > maxHeaderBytes) {
    throw new ConfigurationError(
      `The header of ${tensors.size} tensors takes ${headerBytes} bytes, but safetensors allows ${maxHeaderBytes}. Save less metadata, or several files.`,
    );
  }
  const file = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, 8);
  file.fill(0x20, 8 + json.length, 8 + headerBytes);
  let offset = 8 + headerBytes;
  for (const [, { data }] of sorted) {
    file.set(data, offset);
    offset += data.length;
  }
  return file;
}

function requireTensor(name: string, { dtype, shape, data }: Tensor): void {
  if (name === metadataKey) {
    throw new ConfigurationError(
      `A tensor cannot be named '${metadataKey}', because safetensors keeps metadata there. Choose another name.`,
    );
  }
  const wrong = shape.find((size) => !Number.isSafeInteger(size) || size < 0);
  const expected = tensorByteLength(dtype, shape);
  if (wrong !== undefined || expected !== data.length) {
    throw new ConfigurationError(
      `Tensor ${quote(name)} of dtype ${dtype} and shape ${describeShape(shape)} ` +
        (wrong === undefined
          ? `takes ${expected}${typeof expected === 'number' ? ' bytes' : ''}; got ${data.length} bytes.`
          : `must have integers of at least 0 as sizes; got ${wrong}.`),
    );
  }
}

/** The JSON of a tensor's or metadata's name. `readSafetensors` refuses `__proto__`, so this does too. */
function jsonKey(name: string): string {
  if (name === '__proto__') {
    throw new ConfigurationError(
      "'__proto__' cannot be a name in a safetensors file, because plain objects lose it. Choose another name.",
    );
  }
  return jsonString(name);
}

function jsonString(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new ConfigurationError(
      `The text ${quote(text)} has half a surrogate pair, which UTF-8 cannot encode. Omit that character.`,
    );
  }
  return JSON.stringify(text);
}

/** Sorts by code point, which is the order of the UTF-8 bytes. JavaScript's own sort compares UTF-16 units. */
function sortByName<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => {
    let i = 0;
    while (i < a.length && a[i] === b[i]) i++;
    return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
  });
}
