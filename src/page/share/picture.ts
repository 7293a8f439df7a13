/** The result card as PNG. */
import { BrowserError } from '../../errors.ts';

/** Twice the card's size, so that it is sharp on dense screens. */
const scale = 2;

/** @throws {BrowserError} if the browser cannot draw it */
export async function drawPng(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth * scale;
    canvas.height = image.naturalHeight * scale;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (blob) return blob;
    throw new Error('toBlob gave null');
  } catch (cause) {
    throw new BrowserError(
      `This browser did not draw the result card (${String(cause)}). Save it as SVG instead.`,
      { cause },
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
