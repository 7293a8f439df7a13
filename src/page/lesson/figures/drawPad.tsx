/** Paper to draw a digit on, by mouse, finger, pen or keyboard. The network answers while the reader draws. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';

import { normalizeDrawing, type Point, type Stroke } from '../drawing.ts';
import { roundPixels } from '../moment.ts';
import { command, frame } from '../session.ts';

/** Side of the paper in units of its drawing. */
const paper = 100;
/** How far an arrow key moves the pen. */
const keyStep = 4;

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -keyStep],
  ArrowDown: [0, keyStep],
  ArrowLeft: [-keyStep, 0],
  ArrowRight: [keyStep, 0],
};

export function DrawPad() {
  const strokes = useSignal<readonly Stroke[]>([]);
  /** The pen of the keyboard; undefined while the pad has no focus. */
  const pen = useSignal<(Point & { readonly isDown: boolean }) | undefined>(undefined);
  const label = useSignal<number | undefined>(undefined);
  const isDrawing = useRef(false);

  const show = () => {
    if (strokes.value.length === 0) return;
    label.value ??= frame.peek()?.nudges.prediction ?? 0;
    const pixels = roundPixels(normalizeDrawing(strokes.value, paper));
    command({ do: 'choose', example: { kind: 'drawn', pixels, label: label.value } });
  };
  const begin = (point: Point) => {
    strokes.value = [...strokes.value, [point]];
    show();
  };
  const extend = (point: Point) => {
    const last = strokes.value.at(-1) ?? [];
    strokes.value = [...strokes.value.slice(0, -1), [...last, point]];
    show();
  };
  const clear = () => {
    strokes.value = [];
    label.value = undefined;
  };
  const pointOf = (event: PointerEvent): Point => {
    const area = (event.currentTarget as Element).getBoundingClientRect();
    const scale = paper / area.width;
    return { x: (event.clientX - area.left) * scale, y: (event.clientY - area.top) * scale };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = pen.value ?? { x: paper / 2, y: paper / 4, isDown: false };
    const move = arrows[event.key];
    if (move) {
      const within = (value: number) => Math.min(paper, Math.max(0, value));
      pen.value = { ...at, x: within(at.x + move[0]), y: within(at.y + move[1]) };
      if (at.isDown) extend(pen.value);
    } else if (event.key === ' ') {
      pen.value = { ...at, isDown: !at.isDown };
      if (!at.isDown) begin(at);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      clear();
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div class="draw">
      <svg
        class="paper"
        viewBox={`0 0 ${paper} ${paper}`}
        role="application"
        // In lower case: SVG's attributes are case-sensitive, and Firefox skips 'tabIndex'.
        tabindex={0}
        aria-label="Paper. Arrow keys move the pen, space puts it down or lifts it, delete clears."
        onFocus={() => (pen.value ??= { x: paper / 2, y: paper / 4, isDown: false })}
        onBlur={() => (pen.value = undefined)}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          isDrawing.current = true;
          begin(pointOf(event));
        }}
        onPointerMove={(event) => {
          if (isDrawing.current) extend(pointOf(event));
        }}
        onPointerUp={() => (isDrawing.current = false)}
        onPointerCancel={() => (isDrawing.current = false)}
      >
        {strokes.value.map((stroke) => (
          <polyline
            class="ink"
            // A dot is a line of no length, which has round ends too.
            points={[...stroke, stroke.at(-1)!].map(({ x, y }) => `${x},${y}`).join(' ')}
          />
        ))}
        {pen.value && (
          <circle
            class={pen.value.isDown ? 'pen is-down' : 'pen'}
            cx={pen.value.x}
            cy={pen.value.y}
            r={3}
          />
        )}
      </svg>
      <p class="buttons">
        <label>
          It should be a{' '}
          <select
            value={label.value ?? ''}
            disabled={label.value === undefined}
            onChange={(event) => {
              label.value = Number(event.currentTarget.value);
              show();
            }}
          >
            {label.value === undefined && <option value="">…</option>}
            {Array.from({ length: 10 }, (_, digit) => (
              <option value={digit}>{digit}</option>
            ))}
          </select>
        </label>
        <button type="button" class="small-button" onClick={clear}>
          Clear
        </button>
      </p>
      <p class="small">
        The drawing is shrunk to 20 × 20 pixels and centred by its mass, as MNIST’s digits are.
      </p>
    </div>
  );
}
