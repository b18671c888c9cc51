import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { dropBytes, dropFile, openCanvas } from './drop';

const onRealServer = process.env['QUANTREEL_URL'] !== undefined;
const fixtures = join(import.meta.dirname, '../fixtures');
const workflows = join(import.meta.dirname, '../../../workflows');
const workflow = process.env['QUANTREEL_WORKFLOW'] ?? (onRealServer ? smallestShipped() : join(fixtures, 'dvd-quant.json'));

/** The shortest of the shipped workflows that samples a video and saves it. */
function smallestShipped(): string {
  const files = readdirSync(workflows)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ path: join(workflows, name), text: readFileSync(join(workflows, name), 'utf8') }))
    .filter(({ text }) => text.includes('"SampleVideo"') && text.includes('"SaveVideo"'))
    .sort((a, b) => a.text.length - b.text.length);
  if (files[0] === undefined) {
    throw new Error('The folder workflows has no workflow with Sample Video and Save Video.');
  }
  return files[0].path;
}

const cards = (page: Page) => page.locator('article[data-node-type]');

test('a workflow dropped on the canvas runs, shows its progress, and ends with a video that plays and can be dropped back', async ({ page }) => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await openCanvas(page);
  await expect(page.getByRole('heading', { name: 'Drop a workflow here' })).toBeVisible();

  await dropFile(page, workflow, 'application/json');
  const sampler = page.locator('article[data-node-type="SampleVideo"]').first();
  await expect(sampler).toBeVisible();
  const nodes = await cards(page).count();
  expect(nodes).toBeGreaterThan(5);

  await page.getByRole('button', { name: 'Run', exact: true }).click();

  await expect(page.getByRole('status', { name: 'Run state' })).toHaveText(/Running|Done/);
  await expect(sampler.getByRole('progressbar')).toBeVisible({ timeout: 90_000 });
  await expect
    .poll(async () => Number(await page.getByRole('progressbar', { name: 'Workflow progress' }).getAttribute('aria-valuenow')), { timeout: 90_000 })
    .toBeGreaterThan(0);
  await expect(page.getByRole('status', { name: 'Run state' })).toHaveText('Done', { timeout: 150_000 });

  const video = page.locator('article[data-node-type="SaveVideo"] video').first();
  await expect(video).toBeVisible();
  await expect.poll(() => video.evaluate((element: HTMLVideoElement) => element.readyState)).toBeGreaterThanOrEqual(2);
  expect(await video.evaluate((element: HTMLVideoElement) => ({ error: element.error?.message, long: element.duration > 0, wide: element.videoWidth > 0 }))).toEqual({ error: undefined, long: true, wide: true });

  const source = await video.getAttribute('src');
  const ranged = await page.request.get(source ?? '', { headers: { Range: 'bytes=0-99' } });
  expect(ranged.status()).toBe(206);
  expect((await ranged.body()).length).toBe(100);

  const bytes = await (await page.request.get(source ?? '')).body();
  await page.getByRole('button', { name: 'New workflow' }).click();
  await expect(cards(page)).toHaveCount(0);
  await dropBytes(page, bytes, 'result.mp4', 'video/mp4');
  await expect(cards(page)).toHaveCount(nodes);

  // What came out of the video is the same graph: nothing of it is computed again.
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  // The state still says Done of the first run for a moment, so the history is asked until the second one is in it.
  const cached = async () => {
    const history = (await (await page.request.get('/history?max_items=1')).json()) as Record<string, { status: { messages: [string, { nodes?: string[] }][] } }>;
    return Object.values(history)[0]?.status.messages.find(([event]) => event === 'execution_cached')?.[1].nodes?.length ?? 0;
  };
  await expect.poll(cached, { timeout: 30_000 }).toBe(nodes);
  await expect(page.getByRole('status', { name: 'Run state' })).toHaveText('Done', { timeout: 30_000 });
  expect(errors).toEqual([]);
});

test('nodes are found, added, wired, muted, undone and saved', async ({ page }) => {
  await openCanvas(page);
  await page.locator('.react-flow__pane').click({ position: { x: 300, y: 300 } });
  await page.keyboard.press('Space');
  await page.getByRole('combobox', { name: 'Search nodes' }).fill('load vae');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article', { name: /^Load VAE/ })).toBeVisible();
  await page.locator('.react-flow__pane').dblclick({ position: { x: 740, y: 520 } });
  await page.getByRole('combobox', { name: 'Search nodes' }).fill('decvae');
  await page.getByRole('option', { name: /Decode VAE/ }).click();
  const decoder = page.getByRole('article', { name: /^Decode VAE/ });
  await expect(decoder).toBeVisible();

  const edges = page.locator('.react-flow__edge');
  const output = page.getByLabel(/^Output vae of Load VAE/i);
  await output.dragTo(page.getByLabel(/^Input (latents?|samples) of Decode VAE/i));
  await expect(page.getByRole('alert').filter({ hasText: /VAE does not fit (latents?|samples), which takes LATENT/ })).toBeVisible();
  await expect(edges).toHaveCount(0);
  await output.dragTo(page.getByLabel(/^Input vae of Decode VAE/i));
  await expect(edges).toHaveCount(1);

  await decoder.getByRole('heading').click();
  await page.keyboard.press('F1');
  const about = page.getByRole('dialog', { name: 'About Decode VAE' });
  await expect(about).toContainText(/sampled latent into (frames|pictures)/);
  await expect(about.getByRole('region', { name: 'Takes' })).toContainText('VAE');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Escape');
  await expect(about).toHaveCount(0);
  await page.keyboard.press('Control+m');
  await expect(decoder.getByText('muted')).toBeVisible();
  await page.keyboard.press('Control+z');
  await expect(decoder.getByText('muted')).toHaveCount(0);
  await page.keyboard.press('Delete');
  await expect(decoder).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect(edges).toHaveCount(1);

  await page.mouse.move(0, 0);
  const free = await page.getByLabel(/^Output images? of Decode VAE/i).boundingBox();
  await page.mouse.move((free?.x ?? 0) + 4, (free?.y ?? 0) + 4);
  await page.mouse.down();
  await page.mouse.move((free?.x ?? 0) - 120, (free?.y ?? 0) + 140, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByRole('option', { name: /Save Video/ })).toBeVisible();
  await expect(page.getByRole('option', { name: /Load DiT/ })).toHaveCount(0);
  await page.getByRole('option', { name: /Save Video/ }).click();
  await expect(edges).toHaveCount(2);

  const download = page.waitForEvent('download');
  await page.keyboard.press('Control+s');
  const saved = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as { nodes: { type: string }[]; links: unknown[] };
  expect(saved.nodes.map((node) => node.type)).toEqual(['LoadVAE', 'DecodeVAE', 'SaveVideo']);
  expect(saved.links).toHaveLength(2);
});

test('a prompt the server refuses names the node and the input', async ({ page }) => {
  await openCanvas(page);
  await page.getByRole('button', { name: 'Decode VAE' }).click();
  await page.getByRole('button', { name: 'Save Video' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();

  const problems = page.getByRole('list', { name: 'Problems' });
  await expect(problems.getByText('Save Video').first()).toBeVisible();
  await expect(problems.getByText('images').first()).toBeVisible();
});

test('a workflow with a node nobody knows opens with a placeholder and says so when it is run', async ({ page }) => {
  await openCanvas(page);
  const json = { nodes: [{ id: 1, type: 'FromAnotherPack', pos: [0, 0], widgets_values: ['kept'] }], links: [] };
  await dropBytes(page, Buffer.from(JSON.stringify(json)), 'alien.json', 'application/json');

  const card = page.getByRole('article', { name: /^FromAnotherPack/ });
  await expect(card.getByText('kept', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('list', { name: 'Problems' }).getByText('The server has no node type "FromAnotherPack".')).toBeVisible();
});

test('a file that is no workflow is refused with the reason', async ({ page }) => {
  await openCanvas(page);
  await dropBytes(page, Buffer.from('not json'), 'notes.json', 'application/json');

  await expect(page.getByRole('alert').filter({ hasText: 'notes.json: Not valid JSON' })).toBeVisible();
});
