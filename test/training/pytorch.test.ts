import { trainsLikePyTorch } from '../support/pytorch.ts';

trainsLikePyTorch('reference', 1e-13);
trainsLikePyTorch('cpu', 5e-6);
