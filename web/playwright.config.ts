import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

/** The browser of the system: named by CHROMIUM, or found on the PATH. None is ever downloaded. */
function findChromium(): string {
  const named = process.env['CHROMIUM'];
  if (named !== undefined && named !== '') {
    return named;
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error('No Chromium found. Install one (Debian: apt install chromium) or name it in CHROMIUM.');
  }
  return found;
}

const MOCK_PORT = 8189;
const given = process.env['QUANTREEL_URL'];

export default defineConfig({
  testDir: 'test/journey',
  outputDir: 'test-results',
  timeout: 180_000,
  expect: { timeout: 20_000 },
  workers: 1,
  reporter: [['list']],
  use: {
    baseURL: given ?? `http://127.0.0.1:${MOCK_PORT}`,
    viewport: { width: 1600, height: 950 },
    actionTimeout: 15_000,
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] },
  },
  ...(given === undefined && {
    webServer: { command: 'npx tsx test/mock-server.ts', port: MOCK_PORT, env: { PORT: String(MOCK_PORT) }, reuseExistingServer: false },
  }),
});
