/** Safetensors files put together by hand, knowing nothing of the code under test. */

/** Header length, header, and data of `dataBytes` counted bytes 0, 1, 2, … */
export function safetensorsFile(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  const json = typeof header === 'string' ? Uint8Array.from(Buffer.from(header)) : header;
  const length = Buffer.alloc(8);
  length.writeUInt32LE(json.length);
  return Uint8Array.from([...length, ...json, ...Array(dataBytes).keys()]);
}

/** The header of one F32 tensor `a` of two elements, with other fields where given. */
export function oneTensor(
  fields: { dtype?: string; shape?: string; offsets?: string } = {},
): string {
  const { dtype = '"F32"', shape = '[2]', offsets = '[0,8]' } = fields;
  return `{"a":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}}`;
}

/**
 * Written by the official package, safetensors 0.8.0 (Python) on NumPy 2.4:
 *
 *     safetensors.numpy.save({
 *       'layers.0.weight': np.array([[1, -2, 0.5], [0.25, 3, -0.125]], np.float32),
 *       'layers.0.bias': np.array([0.1, -0.1], np.float32), 'counts': np.array([-1, 2**40], np.int64),
 *       'é "quoted"\n': np.array([1.5, -2], np.float16), 'mask': np.array([True, False, True]),
 *       'scalar': np.array(7, np.uint8), 'empty': np.zeros((0, 3), np.float64)}, metadata={'format': 'pt'})
 */
export const officialMixedFile = fromBase64(
  '4AEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJjb3VudHMiOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6WzJdLCJkYXRh' +
    'X29mZnNldHMiOlswLDE2XX0sImVtcHR5Ijp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOlsxNiwxNl19LCJs' +
    'YXllcnMuMC5iaWFzIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMTYsMjRdfSwibGF5ZXJzLjAud2VpZ2h0' +
    'Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29mZnNldHMiOlsyNCw0OF19LCLDqSBcInF1b3RlZFwiXG4iOnsiZHR5cGUi' +
    'OiJGMTYiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls0OCw1Ml19LCJzY2FsYXIiOnsiZHR5cGUiOiJVOCIsInNoYXBlIjpbXSwiZGF0' +
    'YV9vZmZzZXRzIjpbNTIsNTNdfSwibWFzayI6eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls1Myw1Nl19fSAg' +
    'ICD//////////wAAAAAAAQAAzczMPc3MzL0AAIA/AAAAwAAAAD8AAIA+AABAQAAAAL4APgDABwEAAQ==',
);

/**
 * A network 2-3-2 by the same package: arange(6).reshape(3, 2)/4, [1, 2, 3], -arange(6).reshape(2, 3) and
 * [0.5, -0.5], named as the modules of a PyTorch `layers` list, metadata {'format': 'pt'} alone.
 */
export const officialNetworkFile = fromBase64(
  'OAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJsYXllcnMuMC5iaWFzIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsz' +
    'XSwiZGF0YV9vZmZzZXRzIjpbMCwxMl19LCJsYXllcnMuMC53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzMsMl0sImRhdGFfb2Zm' +
    'c2V0cyI6WzEyLDM2XX0sImxheWVycy4xLmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlszNiw0NF19' +
    'LCJsYXllcnMuMS53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRhdGFfb2Zmc2V0cyI6WzQ0LDY4XX19ICAgICAAAIA/' +
    'AAAAQAAAQEAAAAAAAACAPgAAAD8AAEA/AACAPwAAoD8AAAA/AAAAvwAAAIAAAIC/AAAAwAAAQMAAAIDAAACgwA==',
);

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
