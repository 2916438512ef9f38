#!/usr/bin/env bash
# An app made with vite-plugin-pwa starts offline by what its service worker holds. As it comes that
# is scripts, styles, pages and WebAssembly: a font or a picture that the app imports is left out
# without a word. A file past 2 MiB, as a library in WebAssembly soon is, fails the build, but only
# after dist/ is written whole, with a service worker that leaves the file out; workbox-build, which
# does the work, warns in what it returns and succeeds.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-fund --no-audit --save-exact vite@8.4.0 vite-plugin-pwa@2.0.0 workbox-build@7.4.1
for package in vite vite-plugin-pwa workbox-build; do
  node -p "'$package ' + JSON.parse(require('fs').readFileSync('node_modules/$package/package.json')).version"
done
mkdir src
echo '<!doctype html><html><head></head><body><script type="module" src="/src/main.js"></script></body></html>' >index.html

built() { # built FILE BYTES MORE CODE HELD: an app that imports FILE; ends with CODE, its worker holds FILE or not
  head -c "$2" /dev/zero >"src/$1"
  echo "import file from './$1?url'; fetch(file);" >src/main.js
  cat >vite.config.js <<JS
import { VitePWA } from "vite-plugin-pwa";
export default { build: { assetsInlineLimit: 0 }, plugins: [VitePWA({ workbox: { $3 } })] };
JS
  rm -rf dist
  local code=0 held=no
  npx --no-install vite build >said 2>&1 || code=$?
  if grep -q "\"assets/${1%.*}-[^\"]*\"" dist/sw.js; then held=yes; fi
  echo "    $1 of $2 bytes, workbox: { $3 }: exit code $code, dist/ written, $1 precached: $held"
  grep -A 1 'exceeding the limit' said || true
  [ -n "$(find dist/assets -name "${1%.*}-*")" ] && [ "$code $held" = "$4 $5" ] || { cat said; echo "not as described"; exit 1; }
}
built library.wasm 100000 '' 0 yes
built letters.woff2 100000 '' 0 no
built letters.woff2 100000 'globPatterns: ["**/*.{js,wasm,css,html,woff2}"]' 0 yes
built library.wasm 3000000 '' 1 no
built library.wasm 3000000 'maximumFileSizeToCacheInBytes: 4_000_000' 0 yes

cat >look.mjs <<'JS'
import assert from "node:assert/strict";
import { generateSW } from "workbox-build";
const { warnings } = await generateSW({ globDirectory: "dist", globIgnores: ["sw.js", "workbox-*.js"], swDest: "sw.js" });
console.log("    workbox-build alone: no error, and in its answer:", warnings);
assert.equal(warnings.length, 1);
assert.match(warnings[0], /library-.*\.wasm is 3 MB, and won't be precached/);
JS
node look.mjs
echo "as described"
