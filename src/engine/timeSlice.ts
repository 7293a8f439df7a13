/**
 * Long work in slices, so that the page or the process around it stays alive: between two slices
 * timers fire, input arrives and aborts are noticed.
 *
 * A slice ends by posting a message to oneself. `setTimeout(…, 0)` would do the same, but browsers
 * stretch nested ones to 4 ms, which would cost a third of the time.
 */

/** Work between two turns of the event loop; short of a frame at 60 Hz, so that a page keeps drawing. */
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

/** Says when it is time to let the event loop turn, and does so. */
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
