/** Places for the labels of points, so that they cover nothing. */

/** A rectangle in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Above first, then right, left, below, and the corners. */
const directions = [
  [0, -1],
  [1, 0],
  [-1, 0],
  [0, 1],
  [1, -1],
  [-1, -1],
  [1, 1],
  [-1, 1],
] as const;

/**
 * A place for each label, as near to its point as possible: inside the box, and over nothing that is taken. A label
 * covers something only if the box has no free place.
 * @param labels points and widths of their labels, in pixels
 */
export function placeLabels(
  labels: readonly { readonly x: number; readonly y: number; readonly width: number }[],
  options: {
    readonly box: Box;
    readonly height: number;
    /** Between a point and its label. */
    readonly gap: number;
    readonly taken: readonly Box[];
  },
): readonly Box[] {
  const { box, height, gap } = options;
  const taken = [...options.taken];
  return labels.map(({ x, y, width }) => {
    const placeAt = ([dx, dy]: (typeof directions)[number], distance: number): Box => {
      const left = x - width / 2 + dx * (distance + width / 2);
      // A label above or below its point moves sideways to stay in the box.
      const inside = Math.max(box.left, Math.min(box.left + box.width - width, left));
      const top = y - height / 2 + dy * (distance + height / 2);
      return { left: dx === 0 ? inside : left, top, width, height };
    };
    const isFree = (place: Box) => isWithin(place, box) && !taken.some((one) => meets(one, place));
    let place = placeAt(directions[0], gap);
    for (let distance = gap; distance < box.width; distance += height / 2) {
      const free = directions.map((direction) => placeAt(direction, distance)).find(isFree);
      if (!free) continue;
      place = free;
      break;
    }
    taken.push(place);
    return place;
  });
}

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.left >= outer.left &&
    inner.top >= outer.top &&
    inner.left + inner.width <= outer.left + outer.width &&
    inner.top + inner.height <= outer.top + outer.height
  );
}

export function meets(a: Box, b: Box): boolean {
  return (
    a.left < b.left + b.width &&
    b.left < a.left + a.width &&
    a.top < b.top + b.height &&
    b.top < a.top + a.height
  );
}
