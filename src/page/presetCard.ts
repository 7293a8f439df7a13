/** One network's part of the page: its two curves, growing, and its numbers for either side. */
import type { MainJobEvent, MainJobRow, Side, SideName } from '../benchmark/mainJob.ts';
import { sides } from '../benchmark/mainJob.ts';
import { presets, type PresetName } from '../network/presets.ts';
import { Chart, type Curve, type Reading } from './chart.ts';
import { byId, part } from './elements.ts';
import {
  agreementSentence,
  formatCost,
  formatCount,
  formatPercent,
  gapSentence,
  limitSentence,
  ratioSentence,
} from './sentences.ts';

type ProgressEvent = Extract<MainJobEvent, { type: 'progress' }>;

const quantities = ['cost', 'accuracy'] as const;
type Quantity = (typeof quantities)[number];

/** Milliseconds between two drawings. Progress may come more often than anyone can see. */
const drawEveryMs = 100;

const formats: Record<Quantity, (value: number) => string> = {
  cost: formatCost,
  accuracy: formatPercent,
};

export class PresetCard {
  readonly #root: HTMLElement;
  readonly #charts: Readonly<Record<Quantity, Chart>>;
  readonly #curves: Readonly<Record<Quantity, Readonly<Record<SideName, Curve>>>> = {
    cost: { cpu: emptyCurve(), webgpu: emptyCurve() },
    accuracy: { cpu: emptyCurve(), webgpu: emptyCurve() },
  };
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Adds a card to the page.
   * @param steps that each side makes
   * @param epochs that these are
   * @param isSoftware whether what counts as the GPU is none
   */
  constructor(
    parent: HTMLElement,
    preset: PresetName,
    { steps, epochs, isSoftware }: { steps: number; epochs: number; isSoftware: boolean },
  ) {
    const { network, batchSize } = presets[preset];
    const copy = byId('card', HTMLTemplateElement).content.cloneNode(true) as DocumentFragment;
    this.#root = copy.querySelector('section')!;
    this.#write('name', preset);
    this.#write(
      'network',
      `${network.layers.join('-')}, ${network.activation} units, ${network.output} outputs, ${network.cost} cost; ` +
        `${formatCount(steps)} steps of ${batchSize} samples (${epochs === 1 ? '1 epoch' : `${epochs} epochs`})`,
    );
    if (isSoftware) this.#write('gpu-kind', 'in software');
    parent.append(copy);
    this.#charts = {
      cost: this.#chart('cost', { steps, format: String }),
      accuracy: this.#chart('accuracy', {
        steps,
        maximum: 1,
        format: (share) => `${Math.round(share * 100)} %`,
      }),
    };
    this.#draw();
  }

  /** Takes what a side has learned since the last time. */
  progress(event: ProgressEvent): void {
    for (const quantity of quantities) {
      const curve = this.#curves[quantity][event.side];
      curve.steps.push(event.step);
      curve.values.push(event[quantity]);
    }
    const speed = this.#write(`${event.side}-speed`, formatCount(event.samplesPerSecond));
    speed.classList.add('is-running');
    this.#timer ??= setTimeout(() => this.#draw(), drawEveryMs);
  }

  /** Shows how a side did, now that it is finished. */
  showSide(side: SideName, { samplesPerSecond, seconds, cost, accuracy }: Side): void {
    this.#write(`${side}-speed`, formatCount(samplesPerSecond)).classList.remove('is-running');
    this.#write(`${side}-seconds`, `${seconds.toFixed(seconds < 10 ? 2 : 1)}\u00a0s`);
    this.#write(`${side}-cost`, formatCost(cost));
    this.#write(`${side}-accuracy`, formatPercent(accuracy));
    this.#draw();
  }

  /** Shows the comparison of the two sides. */
  showRow({ ratio, agreement, limit }: MainJobRow, isSoftware: boolean): void {
    if (ratio !== undefined) this.#write('ratio', ratioSentence(ratio, isSoftware));
    if (limit !== undefined) this.#write('limit', limitSentence(limit));
    if (agreement !== undefined) this.#write('agreement', agreementSentence(agreement));
    const gap = widestGap(this.#curves.cost);
    if (gap !== undefined) this.#write('gap', gapSentence(gap));
    part(this.#root, 'verdict', HTMLElement).hidden = ratio === undefined;
  }

  /** Takes back the speed of a side that was stopped on its way. */
  stop(): void {
    for (const side of sides) {
      const speed = part(this.#root, `${side}-speed`, HTMLElement);
      if (speed.classList.contains('is-running')) this.#write(`${side}-speed`, 'stopped');
    }
    this.#draw();
  }

  /** Takes the card off the page. */
  remove(): void {
    clearTimeout(this.#timer);
    for (const quantity of quantities) this.#charts[quantity].dispose();
    this.#root.remove();
  }

  #chart(
    quantity: Quantity,
    options: { steps: number; maximum?: number; format(value: number): string },
  ): Chart {
    const host = part(this.#root, `${quantity}-chart`, HTMLElement);
    const place = part(this.#root, `${quantity}-reading`, HTMLElement);
    const format = formats[quantity];
    return new Chart(host, {
      ...options,
      onReading: (reading) => {
        showReading(place, reading, format);
        host.setAttribute('aria-label', describeChart(quantity, reading, format));
      },
    });
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const quantity of quantities) this.#charts[quantity].show(this.#curves[quantity]);
  }

  #write(name: string, text: string): HTMLElement {
    const place = part(this.#root, name, HTMLElement);
    place.textContent = text;
    return place;
  }
}

function emptyCurve(): Curve {
  return { steps: [], values: [] };
}

/** The curves' keys with a value each; also the legend. */
function showReading(
  place: HTMLElement,
  reading: Reading,
  format: (value: number) => string,
): void {
  place.replaceChildren(
    ...sides.flatMap((side) => {
      const value = reading[side];
      if (value === undefined) return [];
      const key = document.createElement('span');
      key.className = `key key-${side}`;
      return [key, format(value)];
    }),
  );
}

function describeChart(
  quantity: Quantity,
  { cpu, webgpu }: Reading,
  format: (value: number) => string,
): string {
  const values = [
    cpu !== undefined && `CPU ${format(cpu)}`,
    webgpu !== undefined && `GPU ${format(webgpu)}`,
  ].filter((text) => text !== false);
  return `Curves of ${quantity} against steps. ${values.length > 0 ? `Now: ${values.join(', ')}.` : 'Empty so far.'}`;
}

/** How far the curves are apart where they are farthest, among steps that both report. */
function widestGap({ cpu, webgpu }: Readonly<Record<SideName, Curve>>): number | undefined {
  const onCpu = new Map(cpu.steps.map((step, n) => [step, cpu.values[n]!]));
  const gaps = webgpu.steps.flatMap((step, n) => {
    const other = onCpu.get(step);
    return other === undefined ? [] : [Math.abs(other - webgpu.values[n]!)];
  });
  return gaps.length > 0 ? Math.max(...gaps) : undefined;
}
