/** The hands and eyes of a reader of the lesson: a mouse, a keyboard, and the numbers that the page shows. */
import type { KeyInput, Page } from 'puppeteer';
import { expect } from 'vitest';

export const patience = { timeout: 30_000, interval: 20 };

export const relative = (found: number, expected: number): number =>
  Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-9);

export class Reader {
  constructor(readonly page: Page) {
    page.setDefaultTimeout(60_000);
  }

  /** Opens another moment by its link. */
  async goTo(address: string): Promise<void> {
    await this.page.evaluate((hash) => (location.hash = hash), address);
  }

  /** Scrolls to a figure. */
  async scrollTo(figure: string): Promise<void> {
    // The last figure is there when all are.
    await this.page.waitForSelector('#mend');
    await this.page.$eval(`#${figure}`, (element) =>
      element.scrollIntoView({ behavior: 'instant' }),
    );
  }

  /** Clicks with the mouse, where the element is after it was scrolled to the middle of the window. */
  async click(selector: string, { text, x = 0.5, y = 0.5 }: Target = {}): Promise<void> {
    const place = await this.#placeOf(selector, text);
    await this.page.mouse.click(place.x + x * place.width, place.y + y * place.height);
  }

  async hover(selector: string, text: RegExp): Promise<void> {
    const { x, y, width, height } = await this.#placeOf(selector, text);
    await this.page.mouse.move(x + width / 2, y + height / 2);
  }

  /** Presses the mouse on an element, and moves it along points from 0 to 1 of its width and height. */
  async drag(
    selector: string,
    points: readonly (readonly [x: number, y: number])[],
  ): Promise<void> {
    const place = await this.#placeOf(selector);
    for (const [n, [x, y]] of points.entries()) {
      await this.page.mouse.move(place.x + x * place.width, place.y + y * place.height);
      if (n === 0) await this.page.mouse.down();
    }
    await this.page.mouse.up();
  }

  /** Goes to an element with the Tab key, from the heading of its figure. */
  async tabTo(figure: string, selector: string, text?: RegExp): Promise<void> {
    await this.scrollTo(figure);
    await this.page.waitForSelector(selector);
    await this.page.$eval(`#${figure}-title`, (title) => (title as HTMLElement).focus());
    await this.tabOn(selector, text);
  }

  /** Goes on with the Tab key. */
  async tabOn(selector: string, text?: RegExp): Promise<void> {
    for (let tabs = 0; tabs < 120; tabs++) {
      await this.page.keyboard.press('Tab');
      const isThere = await this.page.evaluate(
        (where, source) => {
          const focused = document.activeElement;
          return focused?.matches(where) === true && new RegExp(source).test(focused.textContent);
        },
        selector,
        text?.source ?? '',
      );
      if (isThere) return;
    }
    throw new Error(`The Tab key does not reach ${selector} ${text?.source ?? ''}.`);
  }

  async expectFocus(selector: string): Promise<void> {
    await this.page.waitForSelector(`${selector}:focus`);
  }

  async press(...keys: readonly KeyInput[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** A number that a figure shows, with all its digits; NaN while it is not there. */
  async value(selector: string): Promise<number> {
    return (await this.values(selector))[0] ?? NaN;
  }

  async values(selector: string): Promise<number[]> {
    return await this.page.$$eval(selector, (all) =>
      all.map((element) => {
        const { dataset } = element as HTMLElement;
        return Number(dataset.value ?? (element as HTMLDataElement).value);
      }),
    );
  }

  async text(selector: string): Promise<string> {
    const text = await this.page.$eval(selector, (element) => element.textContent);
    return text.replaceAll(/\s+/g, ' ').trim();
  }

  /** The text of an element, once it matches. */
  async read(selector: string, pattern: RegExp): Promise<RegExpExecArray> {
    const text = await this.page.waitForFunction(
      (where, source) => {
        const now = document.querySelector(where)?.textContent.replaceAll(/\s+/g, ' ').trim() ?? '';
        return new RegExp(source).test(now) && now;
      },
      { polling: 20, timeout: patience.timeout },
      selector,
      pattern.source,
    );
    return pattern.exec((await text.jsonValue()) as string)!;
  }

  /** Waits until a number is what it should be. */
  async expectValue(selector: string, expected: number, tolerance = 1e-4): Promise<void> {
    await expect
      .poll(async () => relative(await this.value(selector), expected), {
        ...patience,
        message: `${selector} should be ${expected}`,
      })
      .toBeLessThan(tolerance);
  }

  /** Waits until numbers are what they should be, within a share of the largest of them. */
  async expectValues(
    selector: string,
    expected: ArrayLike<number>,
    tolerance = 1e-4,
  ): Promise<void> {
    const largest = Math.max(...Array.from(expected, Math.abs));
    await expect
      .poll(
        async () => {
          const found = await this.values(selector);
          if (found.length !== expected.length) return `${found.length} values`;
          return Math.max(...found.map((value, n) => Math.abs(value - expected[n]!))) / largest;
        },
        { ...patience, message: selector },
      )
      .toBeLessThan(tolerance);
  }

  /** The pixels of digits on the screen, as bytes. */
  async pixels(selector: string): Promise<number[][]> {
    return await this.page.$$eval(selector, (all) =>
      all.map((canvas) => {
        const context = (canvas as HTMLCanvasElement).getContext('2d')!;
        const { data } = context.getImageData(0, 0, 28, 28);
        return Array.from({ length: 784 }, (_, i) => data[4 * i + 3]!);
      }),
    );
  }

  /** Where an element is, once it has come to rest in the middle of the window with nothing above it. */
  async #placeOf(
    selector: string,
    text?: RegExp,
  ): Promise<{ x: number; y: number; width: number; height: number }> {
    await this.page.waitForSelector(selector);
    const place = await this.page.evaluate(
      async (where, source) => {
        const pattern = new RegExp(source);
        const element = [...document.querySelectorAll(where)].find(({ textContent }) =>
          pattern.test(textContent),
        );
        if (!element) return undefined;
        const frame = () => new Promise(requestAnimationFrame);
        element.scrollIntoView({ block: 'center', behavior: 'instant' });
        for (let before = NaN; ; await frame()) {
          const { x, y, width, height } = element.getBoundingClientRect();
          if (y === before) {
            const top = document.elementFromPoint(x + width / 2, y + height / 2);
            return { x, y, width, height, isFree: element.contains(top) };
          }
          before = y;
          await frame();
        }
      },
      selector,
      text?.source ?? '',
    );
    if (!place) throw new Error(`No ${selector} has the text ${text?.source}.`);
    expect(place.isFree, `${selector} is covered`).toBe(true);
    return place;
  }
}

interface Target {
  /** Of several elements, the one with this text. */
  readonly text?: RegExp;
  /** Where to click, from 0 to 1 of its width and height. */
  readonly x?: number;
  readonly y?: number;
}

/** Whether a text is a number as the page writes it: with three digits, or with two if it is small. */
export const isWritten = (text: string, value: number): boolean =>
  relative(parseNumber(text), value) < (Math.abs(value) < 1e-4 ? 0.051 : 0.0051);

/** A number as the page writes it: '13,002', '−0.0123', '2.1 × 10⁻⁷'. */
export function parseNumber(text: string): number {
  const plain = text
    .replaceAll(',', '')
    .replaceAll('−', '-')
    .replace(/ × 10([⁻⁰¹²³⁴-⁹]+)/, (_, power: string) => {
      const digits = power.replaceAll(/./g, (one) => {
        const digit = '⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(one);
        return digit < 0 ? '-' : String(digit);
      });
      return `e${digits}`;
    });
  return Number(plain);
}
