import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

/** Where the server listens while the app is developed. */
const server = process.env.WORKER_SERVER ?? 'http://127.0.0.1:8420';
/** The app's path; its service worker answers for what is below it and for nothing else. */
const base = '/m/';

const proxy = { '/v1': { target: server, changeOrigin: true, headers: { origin: server } } };

export default defineConfig({
  base,
  plugins: [
    vue(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.ts',
      // The page says when: never while something is half typed.
      registerType: 'prompt',
      injectRegister: false,
      manifestFilename: 'manifest.webmanifest',
      manifest: {
        id: base,
        name: 'Gridfold 网格员',
        short_name: '网格员',
        lang: 'zh-CN',
        start_url: base,
        scope: base,
        display: 'standalone',
        orientation: 'portrait',
        theme_color: '#14395f',
        background_color: '#f2f5f9',
        icons: [
          { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: 'icon-maskable.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
      injectManifest: {
        globPatterns: ['**/*.{html,js,css,svg,png,wasm}'],
        // The reader of QR codes and the map are asked for when they are near, and kept from then on.
        globIgnores: ['**/zxing*', '**/ponyfill*', '**/MapView*', '**/maplibre*', 'sw.*'],
        // Of a development build too; what ships is held by size.mjs.
        maximumFileSizeToCacheInBytes: 12_000_000,
      },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __APP_VERSION__: JSON.stringify(process.env.npm_package_version ?? ''),
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
  },
  build: {
    target: 'es2022',
    // The content security policy allows no inline script; files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  // It finds its worker and its WebAssembly beside itself.
  optimizeDeps: { exclude: ['@gridfold/phone'] },
  server: { proxy },
  preview: { proxy },
  test: { include: ['tests/unit/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
