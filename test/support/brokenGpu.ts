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
  const broken = editDevices(gpu, (device) => {
    const create = device.createShaderModule.bind(device);
    Object.defineProperty(device, 'createShaderModule', {
      value: ({ code, ...rest }: GPUShaderModuleDescriptor) => {
        const edited = edit(code);
        if (edited !== code) count++;
        return create({ ...rest, code: edited });
      },
    });
  });
  return { gpu: broken, broken: () => count };
}

/** The same GPU, but `edit` changes or notes each device of it. */
export function editDevices(gpu: GPU, edit: (device: GPUDevice) => void): GPU {
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = await gpu.requestAdapter(options);
    const request = adapter?.requestDevice.bind(adapter);
    if (adapter && request) {
      Object.defineProperty(adapter, 'requestDevice', {
        value: async (descriptor?: GPUDeviceDescriptor) => {
          const device = await request(descriptor);
          edit(device);
          return device;
        },
      });
    }
    return adapter;
  };
  return { requestAdapter } as GPU;
}
