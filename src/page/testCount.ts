/** The number of test samples for a number of training samples, in MNIST's proportion. */
export function testCountFor(trainingCount: number): number {
  return Math.round(trainingCount / 6);
}
