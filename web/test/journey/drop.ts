import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, type Page } from '@playwright/test';

/** Drops a file on the canvas as a file manager does. */
export async function dropFile(page: Page, path: string, type: string): Promise<void> {
  await dropBytes(page, readFileSync(path), basename(path), type);
}

export async function dropBytes(page: Page, bytes: Buffer, name: string, type: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ base64, name, type }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], name, { type }));
      return data;
    },
    { base64: bytes.toString('base64'), name, type },
  );
  const canvas = page.getByRole('region', { name: 'Canvas' });
  await canvas.dispatchEvent('dragover', { dataTransfer: transfer });
  await canvas.dispatchEvent('drop', { dataTransfer: transfer });
}

export async function openCanvas(page: Page): Promise<void> {
  await page.goto('/');
  await expect(page.getByRole('status', { name: 'Connection' })).toHaveText('Connected');
  await expect(page.getByRole('button', { name: 'Load DiT' })).toBeVisible();
}
