/** The jobs that a Node program can call by name. */
import { bench } from './bench.ts';
import { environment } from './environment.ts';
import { probe } from './probe.ts';
import { remoteJob } from './remoteJob.ts';

export const jobs = {
  environment,
  probe,
  train: remoteJob('train'),
  evaluate: remoteJob('evaluate'),
  check: remoteJob('check'),
  bench,
  sweep: remoteJob('sweep'),
  tune: remoteJob('tune'),
};
