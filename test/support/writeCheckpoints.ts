/** Writes checkpoints into a folder until it is killed, and prints each sequence number after it was written. */
import { writeSync } from 'node:fs';

import { openSeal } from '../../src/formats/seal.ts';
import { float32Tensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import { folderCheckpoints } from '../../src/node/checkpointFolder.ts';

const checkpoints = folderCheckpoints(process.argv[2]!);
const values = Float32Array.from(Array(1000).keys());
const bytes = writeSafetensors(new Map([['values', float32Tensor([1000], values)]]), openSeal);
for (;;) writeSync(1, `${await checkpoints.write(bytes)}\n`);
