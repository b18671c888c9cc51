import { join } from 'node:path';
import { expect, type Locator, type Page, test } from '@playwright/test';
import { dropFile, openCanvas } from './drop';

const workflow = join(import.meta.dirname, '../../../workflows/sweep-demo.json');

/** Pixels of a shown picture that are of the colour of measured points. */
async function bluePixels(image: Locator): Promise<number> {
  return image.evaluate((element: HTMLImageElement) => {
    const canvas = document.createElement('canvas');
    canvas.width = element.naturalWidth;
    canvas.height = element.naturalHeight;
    const context = canvas.getContext('2d');
    if (context === null || canvas.width === 0) {
      return 0;
    }
    context.drawImage(element, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let blue = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [red = 0, green = 0, own = 0] = data.subarray(i, i + 3);
      blue += own > 200 && own - red > 120 && own - green > 80 ? 1 : 0;
    }
    return blue;
  });
}

const state = (page: Page) => page.getByRole('status', { name: 'Run state' });
const run = (page: Page) => page.getByRole('button', { name: 'Run', exact: true }).click();

test('the plot of a sweep appears on the canvas, grows, survives a stop and is completed by the next run', async ({ page }) => {
  test.skip(process.env['QUANTREEL_URL'] === undefined, 'needs a real server');
  await openCanvas(page);
  await dropFile(page, workflow, 'application/json');
  const sweep = page.locator('article[data-node-type="Sweep"]');
  await expect(sweep).toBeVisible();
  await run(page);

  const plot = sweep.getByRole('img', { name: 'Preview of the running step' });
  await expect(plot).toBeVisible({ timeout: 120_000 });
  await expect.poll(() => bluePixels(plot), { timeout: 30_000 }).toBeGreaterThan(20);
  const early = await bluePixels(plot);
  await expect.poll(() => bluePixels(plot), { timeout: 120_000 }).toBeGreaterThan(early + 40);

  await page.getByRole('button', { name: /^(Stop|Interrupt)/ }).first().click();
  await expect(state(page)).not.toHaveText(/Running/, { timeout: 3_000 });
  const stopped = await bluePixels(plot);
  expect(stopped).toBeGreaterThan(early);

  await run(page);
  await expect(state(page)).toHaveText('Done', { timeout: 170_000 });
  const result = sweep.locator('figure img');
  await expect(result).toBeVisible();
  await expect.poll(() => bluePixels(result)).toBeGreaterThan(stopped);
  await expect(sweep.getByText(/bits=8, ARQ Activation\.bits=8/)).toBeVisible();
  await expect(sweep.getByText('demo.results.jsonl')).toHaveCount(0);

  await sweep.getByRole('textbox', { name: 'axes' }).fill('BGR Quantize.bits = 1..1000000');
  await run(page);
  await expect(sweep.getByRole('alert')).toContainText('1,000,000 points; accepted are up to 1,000', { timeout: 30_000 });
});
