/** The pages of simulated runs, looked at in a real browser: every chart shows something, nothing is missing or in the way. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderPage } from '../simulator/report/page/page.ts';
import { dayComparison } from '../simulator/report/page/testing/day-record.ts';
import { smallRecord } from '../simulator/report/page/testing/small-record.ts';
import { CHROMIUM, startChromium } from './support/browser.ts';
import { chartsOf, collidingTexts, type DrawnChart } from './support/drawn-charts.ts';

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 375, height: 800 };

const PAGES = {
  'a small run': () => renderPage(smallRecord()),
  'ids that are long': () => renderPage(longNames()),
  'a comparison of days': () => renderPage(dayComparison()),
};

/** A folder that is named keeps pictures of the whole pages, to be looked at by people. */
const GALLERY = process.env.GAVEL_SCREENSHOTS;

/** Widest signs, and nowhere to break. */
function longNames() {
  const record = smallRecord();
  const name = 'W'.repeat(120);
  return {
    ...record,
    dsps: record.dsps.map((dsp) => ({ ...dsp, id: name })),
    campaigns: record.campaigns.map((campaign) => ({ ...campaign, id: name })),
    faults: record.faults.map((fault) => ({ ...fault, target: name })),
    states: record.states.map((state) => ({ ...state, subject: name })),
  };
}

describe.skipIf(CHROMIUM === null)('pages of simulated runs (needs a Chromium)', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = GALLERY ?? mkdtempSync(join(tmpdir(), 'gavel-pages-'));
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    if (GALLERY === undefined) rmSync(folder, { recursive: true });
  });

  describe.each(Object.entries(PAGES))('%s', (name, render) => {
    const html = render();

    it.each([
      ['a desktop', DESKTOP, 'light'],
      ['a phone', PHONE, 'dark'],
    ] as const)(
      'on %s',
      async (device, viewport, colorScheme) => {
        const { page, complaints } = await opened(html, viewport, colorScheme);
        const charts = await chartsOf(page);
        expect(charts.length).toBe(html.match(/<figure /g)!.length);
        expect(charts.filter(isBlank).map(({ id }) => id)).toEqual([]);
        expect(charts.flatMap(({ textsOutside }) => textsOutside)).toEqual([]);
        expect(charts.flatMap(collidingTexts)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width);
        const picture = join(folder, `${name}-on-${device}.png`.replaceAll(' ', '-'));
        expect((await page.screenshot({ path: picture, fullPage: GALLERY !== undefined })).length).toBeGreaterThan(
          10_000,
        );
        expect(complaints).toEqual([]);
        await page.close();
      },
      60_000,
    );
  });

  it('finds a chart without marks, text that is cut off and text on text', async () => {
    const svg = (content: string) =>
      `<!doctype html><figure id="x"><svg viewBox="0 0 100 50" width="100" height="50">${content}</svg></figure>`;
    const look = async (content: string) => {
      const { page } = await opened(svg(content), DESKTOP, 'light');
      const [chart] = await chartsOf(page);
      await page.close();
      return chart!;
    };
    expect(isBlank(await look('<path d="M0 0L90 0" stroke="#e1e5ea"/>'))).toBe(true);
    expect(isBlank(await look('<path d="M0 0L90 9" stroke="#2f7fd6"/>'))).toBe(false);
    expect((await look('<text x="-30" y="20">cut</text>')).textsOutside).toEqual(['x: cut']);
    expect(collidingTexts(await look('<text x="9" y="20">one</text><text x="12" y="20">two</text>'))).toHaveLength(1);
  });

  /** Everything but the file itself is refused, and told. */
  async function opened(html: string, viewport: { width: number; height: number }, colorScheme: 'light' | 'dark') {
    const path = join(folder, 'page.html');
    writeFileSync(path, html);
    const context = await browser.newContext({ viewport, colorScheme, offline: true });
    const page: Page = await context.newPage();
    const complaints: string[] = [];
    const url = pathToFileURL(path).href;
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) complaints.push(`asks for ${request.url()}`);
    });
    await page.goto(url);
    return { page, complaints };
  }
});

function isBlank({ marks }: DrawnChart): boolean {
  return marks === 0;
}
