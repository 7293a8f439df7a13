/**
 * Divides long work into time slices. Between two slices the event loop runs, so timers fire, input arrives and aborts
 * are noticed.
 *
 * A slice ends by posting a message to this thread. `setTimeout(…, 0)` is slower: browsers delay nested timeouts by 4
 * ms, which would cost a third of the time.
 */

/** Length of a slice: less than a frame at 60 Hz, so that a page keeps drawing. */
const sliceMs = 12;

/** Resolves in a later turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      // An open port keeps a Node or Deno process alive.
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Measures a slice, and yields to the event loop when it is over. */
export class TimeSlice {
  #start = performance.now();

  isOver(): boolean {
    return performance.now() - this.#start >= sliceMs;
  }

  async next(): Promise<void> {
    await nextTurn();
    this.#start = performance.now();
  }
}
