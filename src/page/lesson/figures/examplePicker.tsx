/** Chooses the digit that all figures explain. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { ask, command, frame } from '../session.ts';
import { DrawPad } from './drawPad.tsx';

const count = 10;

/** One test digit of each class, to choose from, and more on demand. */
export function ExamplePicker({ children }: { readonly children?: ComponentChildren }) {
  const from = useSignal(0);
  const isDrawing = useSignal(frame.peek()?.example.kind === 'drawn');
  const samples = useSignal<readonly { index: number; pixels: Uint8Array; label: number }[]>([]);
  const isReady = frame.value !== undefined;
  useEffect(() => {
    if (!isReady) return;
    const indices = Array.from({ length: count }, (_, n) => from.value + n);
    void ask('testSamples', { indices }).then(({ pixels, labels }) => {
      samples.value = indices.map((index, n) => ({
        index,
        pixels: pixels[n]!,
        label: labels[n]!,
      }));
    });
  }, [isReady, from.value]);
  const chosen = frame.value?.example;
  return (
    <div class="picker" role="group" aria-label="Choose a digit">
      {samples.value.map(({ index, pixels, label }) => (
        <button
          key={index}
          type="button"
          class="digit-button"
          aria-label={`Test digit ${index}, a ${label}`}
          aria-pressed={chosen?.kind === 'test' && chosen.index === index}
          onClick={() => command({ do: 'choose', example: { kind: 'test', index } })}
        >
          <DigitImage pixels={pixels} />
        </button>
      ))}
      <button
        type="button"
        class="small-button"
        onClick={() => (from.value = (from.value + count) % 2000)}
      >
        Other digits
      </button>
      <button
        type="button"
        class="small-button"
        aria-expanded={isDrawing.value}
        onClick={() => (isDrawing.value = !isDrawing.value)}
      >
        Draw one
      </button>
      {children}
      {isDrawing.value && <DrawPad />}
    </div>
  );
}

/** A digit as an image. */
export function DigitImage({ pixels }: { readonly pixels: Uint8Array }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    const image = new ImageData(28, 28);
    // Opaque where there is ink; the colour follows the theme by a CSS filter.
    pixels.forEach((byte, i) => (image.data[4 * i + 3] = byte));
    context.putImageData(image, 0, 0);
  }, [pixels]);
  return <canvas ref={canvas} class="digit" width={28} height={28} aria-hidden="true" />;
}
