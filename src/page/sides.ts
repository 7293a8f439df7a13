/** The sides that train, in words and colours. */
import { isOwn, sideNames, type SideName } from '../benchmark/result/sides.ts';

/** @param isSoftware whether what counts as the GPU computes on the CPU */
export function sideName(side: SideName, isSoftware = false): string {
  return side === 'webgpu' && isSoftware ? 'GPU in software' : sideNames[side];
}

/** As part of a sentence: 'on the GPU', 'on one CPU thread'. */
export function onSide(side: SideName, isSoftware = false): string {
  if (!isOwn(side)) return `by ${sideNames[side]}`;
  switch (side) {
    case 'cpu-1':
      return 'on one CPU thread';
    case 'cpu':
      return 'on the CPU';
    case 'webgpu':
      return `on the ${sideName(side, isSoftware)}`;
  }
}

/** A mark in the side's colour, which a name stands beside. */
export function sideKey(side: SideName): HTMLElement {
  const key = document.createElement('span');
  key.className = `key side-${side}`;
  key.setAttribute('aria-hidden', 'true');
  return key;
}
