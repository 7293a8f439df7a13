import { testGpu } from '../setup/adapter.ts';
import { trainsLikePyTorch } from '../support/pytorch.ts';

trainsLikePyTorch('webgpu', 5e-6, testGpu);
