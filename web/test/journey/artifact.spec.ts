import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type APIRequestContext, expect, type Page, test } from '@playwright/test';
import { artifact, safetensors } from '../artifactFile';
import { dropBytes, dropFile, openCanvas } from './drop';

const workflows = join(import.meta.dirname, '../../../workflows');
const onRealServer = process.env['QUANTREEL_URL'] !== undefined;
const view = (page: Page, name: string | RegExp) => page.getByRole('dialog', { name });
const where = (page: Page) => page.getByRole('status', { name: 'Where the file is' });

type Report = { ratio: number; parameters: number; source: { digest: string }; layers: { name: string; bits: number; figures: number[] }[] };

/** Quantizes the demo model through the API; the file's name and the folder in which it lies. */
async function quantizedDemo(request: APIRequestContext): Promise<{ name: string; folder: string }> {
  const prompt = {
    1: { class_type: 'LoadDiT', inputs: { file: 'quantreel_demo_dit_bf16.safetensors' } },
    2: { class_type: 'BGRQuantize', inputs: { model: ['1', 0], bits: 4, refinementRounds: 50, tolerance: 1e-4, keep: '' } },
    3: { class_type: 'SaveQuantized', inputs: { model: ['2', 0], filenamePrefix: 'diffusion_models/journey', recipeName: 'journey' } },
  };
  const submitted = (await (await request.post('/prompt', { data: { prompt } })).json()) as { prompt_id?: string };
  const id = submitted.prompt_id ?? '';
  const outputs = async () => {
    const history = (await (await request.get(`/history/${id}`)).json()) as Record<string, { outputs: Record<string, { files?: { filename: string }[] }> }>;
    return history[id]?.outputs['3']?.files?.[0]?.filename ?? '';
  };
  await expect.poll(outputs, { message: JSON.stringify(submitted), timeout: 60_000 }).toMatch(/^journey.*safetensors$/);
  const folders = (await (await request.get('/experiment/models')).json()) as { name: string; folders: string[] }[];
  const name = await outputs();
  const folder = folders.find((entry) => entry.name === 'diffusion_models')?.folders.find((path) => existsSync(join(path, name))) ?? '';
  return { name, folder };
}

test('a quantized model dropped on the canvas shows recipe and report, says where to put it, and is loaded into the workflow', async ({ page, request }) => {
  test.skip(!onRealServer, 'needs a real server');
  const { name, folder } = await quantizedDemo(request);
  const report = (await (await request.get(`/models/diffusion_models/report?file=${name}`)).json()) as Report;
  const stored = join(folder, name);
  const away = join(folder, '..', `${name}.away`);
  renameSync(stored, away);
  const bytes = readFileSync(away);

  await openCanvas(page);
  await dropFile(page, join(workflows, 't2v-demo-full-precision.json'), 'application/json');
  const sampler = page.locator('article[data-node-type="SampleVideo"]');
  await expect(sampler).toBeVisible();
  await dropBytes(page, bytes, name, '');

  const dialog = view(page, `Quantized model ${name}`);
  await expect(dialog).toBeVisible();
  await expect(dialog.getByText('journey, W4A16')).toBeVisible();
  await expect(dialog.getByText(`${report.ratio.toFixed(2)} times smaller`)).toBeVisible();
  await expect(dialog.getByText(report.source.digest)).toBeVisible();
  await expect(dialog.getByText(`${report.parameters.toLocaleString('en')} weights`)).toBeVisible();
  const rows = dialog.getByRole('row');
  await expect(rows).toHaveCount(report.layers.length + 1);
  const [first] = report.layers;
  const sqnr = -10 * Math.log10(first?.figures[1] ?? NaN);
  await expect(rows.nth(1)).toContainText(first?.name ?? 'no layer');
  await expect(rows.nth(1)).toContainText(sqnr.toFixed(2));
  const worst = report.layers.toSorted((one, other) => (other.figures[1] ?? 0) - (one.figures[1] ?? 0))[0];
  await dialog.getByRole('button', { name: 'SQNR dB' }).click();
  await expect(rows.nth(1)).toContainText(worst?.name ?? 'no layer');

  await expect(where(page)).toContainText('The server does not have it. Put it into');
  await expect(dialog.getByRole('button', { name: 'Load Quantized' })).toBeDisabled();
  const wanted = (await where(page).locator('code').textContent()) ?? '';
  mkdirSync(wanted, { recursive: true });
  copyFileSync(away, join(wanted, `renamed-${name}`));
  await dialog.getByRole('button', { name: 'Look again' }).click();
  await expect(where(page)).toContainText(`The server has it as renamed-${name}`);
  await page.screenshot({ path: 'test-results/artifact.png' });
  await dialog.getByRole('button', { name: 'Load Quantized' }).click();

  await expect(dialog).toHaveCount(0);
  const loader = page.locator('article[data-node-type="LoadQuantized"]');
  await expect(loader.getByRole('combobox')).toHaveText(new RegExp(`renamed-${name}`));
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status', { name: 'Run state' })).toHaveText('Done', { timeout: 150_000 });
  await expect(page.locator('article[data-node-type="SaveVideo"] video')).toBeVisible();
  const last = Object.values((await (await request.get('/history?max_items=1')).json()) as Record<string, { prompt: [number, string, Record<string, { class_type: string; inputs: { model?: [string, number] } }>] }>)[0];
  const nodes = last?.prompt[2] ?? {};
  const feeding = Object.values(nodes).find((node) => node.class_type === 'SampleVideo')?.inputs.model?.[0] ?? '';
  expect(nodes[feeding]?.class_type).toBe('LoadQuantized');

  await loader.getByRole('button', { name: /^Recipe and report of/ }).click();
  await expect(view(page, `Quantized model renamed-${name}`).getByText('journey, W4A16')).toBeVisible();
});

test('a checkpoint without a recipe and a half-written one are refused with what to do', async ({ page }) => {
  await openCanvas(page);
  const alert = (text: RegExp) => page.getByRole('alert').filter({ hasText: text });

  await dropBytes(page, Buffer.from(safetensors({ 'blocks.0.weight': { dtype: 'BF16', shape: [2, 2], data: new Uint8Array(8) } })), 'plain.safetensors', '');
  await expect(alert(/plain\.safetensors: This is a plain checkpoint \(1 tensors of BF16\).*open it with Load DiT/)).toBeVisible();
  await dropBytes(page, Buffer.from(artifact({ 'quantreel.complete': '0' })), 'half.safetensors.part', '');
  await expect(alert(/half\.safetensors\.part: This quantized file is unfinished: its writing was stopped/)).toBeVisible();
  await dropBytes(page, Buffer.from(artifact().slice(0, -30)), 'cut.safetensors', '');
  await expect(alert(/cut\.safetensors: The file is cut short: its tensors need/)).toBeVisible();
  await dropBytes(page, Buffer.from('GGUF'), 'model.gguf', '');
  await expect(alert(/model\.gguf: is a model, not a workflow/)).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});
