/**
 * Times work that is queued on a device. Waiting for the device costs up to 100 ms in Firefox, so that it is waited
 * for once, at the end of a run as long as the whole measurement.
 */

/** Share of the wanted time that the last run before the measured one has to take, to be a good measure for it. */
const trialShare = 0.15;

/**
 * @param run does the work `times` times and resolves when it is done
 * @param seconds how long to measure, at least
 */
export async function timeRun(
  run: (times: number) => Promise<unknown>,
  seconds: number,
): Promise<{ times: number; seconds: number }> {
  const time = async (times: number) => {
    const start = performance.now();
    await run(times);
    return (performance.now() - start) / 1000;
  };
  let trial = 1;
  let took = await time(trial);
  while (took < trialShare * seconds) {
    trial *= 2;
    took = await time(trial);
  }
  const measured = { times: 0, seconds: 0 };
  while (measured.seconds < seconds) {
    const rate = measured.times > 0 ? measured.times / measured.seconds : trial / took;
    const times = Math.max(1, Math.ceil(rate * (seconds - measured.seconds)));
    measured.seconds += await time(times);
    measured.times += times;
  }
  return measured;
}
