/** The jobs that a Node program can call by name: one line each. */
import { bench } from './bench.ts';
import { environment } from './environment.ts';
import { probe } from './probe.ts';
import { workJob } from './work.ts';

export const jobs = {
  environment,
  probe,
  train: workJob('train'),
  evaluate: workJob('evaluate'),
  check: workJob('check'),
  bench,
  sweep: workJob('sweep'),
  tune: workJob('tune'),
};
