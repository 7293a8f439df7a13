/** A GPU whose driver computes something else. */

/**
 * The same GPU, but that devices of it compile what `edit` makes of their shaders.
 * @returns and how many shaders were other than they should be
 */
export function breakGpu(
  gpu: GPU,
  edit: (code: string) => string,
): { readonly gpu: GPU; readonly broken: () => number } {
  let count = 0;
  const breakDevice = (device: GPUDevice): GPUDevice => {
    const create = device.createShaderModule.bind(device);
    Object.defineProperty(device, 'createShaderModule', {
      value: ({ code, ...rest }: GPUShaderModuleDescriptor) => {
        const edited = edit(code);
        if (edited !== code) count++;
        return create({ ...rest, code: edited });
      },
    });
    return device;
  };
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = await gpu.requestAdapter(options);
    const request = adapter?.requestDevice.bind(adapter);
    if (adapter && request) {
      Object.defineProperty(adapter, 'requestDevice', {
        value: async (descriptor?: GPUDeviceDescriptor) => breakDevice(await request(descriptor)),
      });
    }
    return adapter;
  };
  return { gpu: { requestAdapter } as GPU, broken: () => count };
}
