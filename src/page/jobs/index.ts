/** The jobs that a Node program can call by name: one line each. */
import { environment } from './environment.ts';

export const jobs = {
  environment,
};
