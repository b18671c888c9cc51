import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { chromium } from 'playwright-core';
import config from '../playwright.config';

/**
 * Takes the picture of the canvas for the README: opens a workflow, runs it to its end, and shoots.
 * `QUANTREEL_URL=http://127.0.0.1:8188 npm run screenshot -- WORKFLOW.json OUT.png [during]`;
 * with `during` the picture is taken in the middle of sampling.
 */
const [workflow, out = 'canvas.png', moment] = process.argv.slice(2);
const url = process.env['QUANTREEL_URL'];
if (workflow === undefined || url === undefined) {
  console.error('Usage: QUANTREEL_URL=http://host:port npm run screenshot -- WORKFLOW.json OUT.png [during]');
  process.exit(2);
}
const browser = await chromium.launch(config.use?.launchOptions ?? {});
const page = await browser.newPage({ viewport: { width: 1680, height: 980 }, deviceScaleFactor: 1.5 });
await page.goto(url);
await page.getByRole('status', { name: 'Connection' }).getByText('Connected').waitFor();
await page.locator('.library-item').first().waitFor();
const transfer = await page.evaluateHandle(
  ({ text, name }) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, { type: 'application/json' }));
    return data;
  },
  { text: readFileSync(workflow, 'utf8'), name: basename(workflow) },
);
await page.getByRole('region', { name: 'Canvas' }).dispatchEvent('drop', { dataTransfer: transfer });
await page.locator('article[data-node-type]').first().waitFor();
await page.getByRole('button', { name: 'Run', exact: true }).click();
if (moment === 'during') {
  await page.getByAltText('Preview of the running step').first().waitFor({ timeout: 300_000 });
  await page.waitForTimeout(600);
} else {
  await page.getByRole('status', { name: 'Run state' }).getByText('Done').waitFor({ timeout: 600_000 });
  await page.waitForTimeout(1500);
}
await page.mouse.move(0, 0);
await page.screenshot({ path: out });
await browser.close();
