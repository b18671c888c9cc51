import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Where the server of Quantreel listens while the canvas is developed with `npm run dev`. */
const server = process.env['QUANTREEL_URL'] ?? 'http://127.0.0.1:8188';

export default defineConfig({
  base: './',
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 700 },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: server, changeOrigin: true },
      '/ws': { target: server, ws: true, changeOrigin: true },
    },
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
