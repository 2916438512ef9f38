import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { borders } from './borders';

/** Where the server listens while the app is developed. */
const server = process.env.DASHBOARD_SERVER ?? 'http://127.0.0.1:8420';

const proxy = { '/v1': { target: server, changeOrigin: true, headers: { origin: server } } };

export default defineConfig({
  plugins: [vue(), borders()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
  },
  build: {
    target: 'es2022',
    // The content security policy allows no data: fonts and no inline script; files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ['tests/unit/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
