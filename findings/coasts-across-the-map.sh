#!/usr/bin/env bash
# Coasts from world-atlas are made for a globe: where land crosses the 180th meridian its ring jumps
# from one edge of a flat map to the other. All coordinates are within their limits, the GeoJSON is
# well formed and nothing complains, but a flat map draws lines across whole oceans and takes water
# for land between them. RFC 7946 has such shapes cut at the meridian; topojson-client does not.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-fund --no-audit --save-exact world-atlas@2.0.2 topojson-client@3.1.0 @turf/boolean-point-in-polygon@7.3.1
cat >look.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { booleanPointInPolygon } from "@turf/boolean-point-in-polygon";
import { feature } from "topojson-client";

for (const name of ["world-atlas", "topojson-client", "@turf/boolean-point-in-polygon"])
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version);
for (const [file, expected] of [["land-110m", 4], ["land-50m", 5], ["land-10m", 6]]) {
  const topology = JSON.parse(readFileSync(`node_modules/world-atlas/${file}.json`, "utf8"));
  const land = feature(topology, topology.objects.land);
  const shapes = land.features ?? [land];
  const rings = shapes.flatMap(({ geometry }) => geometry.coordinates.flat());
  const within = rings.flat().every(([lon, lat]) => Math.abs(lon) <= 180 && Math.abs(lat) <= 90);
  const jumps = rings.filter((ring) => ring.some(([lon], i) => i > 0 && Math.abs(lon - ring[i - 1][0]) > 180));
  // In the Norwegian Sea, 400 km from any coast.
  const isLand = shapes.some((shape) => booleanPointInPolygon([0, 65.5], shape));
  console.log(`    ${file}: ${rings.length} rings, all within their limits: ${within}; ${jumps.length} jump; open sea is land: ${isLand}`);
  assert.deepEqual([within, jumps.length, isLand], [true, expected, true]);
}
JS
node look.mjs
echo "as described"
