/**
 * Makes src/api/generated.ts from the description of the API that the server's tests keep.
 *
 * Where the description says less than the server does, the types say it instead: src/api/refined.ts has them,
 * and REFINED below where they belong. A place that is not there any more, or that says enough by now, is an
 * error: what the server says itself is not said here again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const DESCRIPTION = new URL('../tests/snapshots/openapi.json', import.meta.url);
const OUT = new URL('src/api/generated.ts', import.meta.url);

/** Types of refined.ts by the places that have them, among schemas and among paths. */
const REFINED = {
  AttentionKind: ['AttentionItem/kind', 'PutAwayBody/kind'],
  ClockDoubt: ['ClockBody/doubt', 'CookieSessionBody/clock'],
  EnrolmentState: ['InvitationStatus/status'],
  FieldClass: ['Field/class', 'Form/class', 'HistoryEntry/class', 'RecordBody/classes/items'],
  FieldKind: ['Field/type'],
  FieldMeaning: ['Field/means'],
  FormMeaning: ['Form/means'],
  GrantAccess: ['NewGrant/access'],
  PhoneState: ['PhoneBody/state'],
  Role: [
    'Field/writable_by/items',
    'GrantBody/role',
    'Me/roles/items',
    'NewGrant/role',
    'Transition/roles/items',
    'UserBody/roles/items',
  ],
  SettledHow: ['Settle/how'],
  StepMeaning: ['Transition/means'],
  Verdict: ['HistoryEntry/verdict'],
};
/** Whole schemas, whose members the description has and how they go together it does not. */
const REFINED_WHOLE = ['Boundary'];

const description = JSON.parse(readFileSync(DESCRIPTION, 'utf8'));

function refine(holder, key, name, where) {
  const schema = holder?.[key];
  if (!schema) throw new Error(`${where}: not in the description`);
  if (schema.enum || schema.properties || schema.$ref) throw new Error(`${where}: the description says it by itself`);
  const nullable = [schema.type].flat().includes('null');
  holder[key] = { ...schema, 'x-type': name, 'x-nullable': nullable };
}

for (const [name, places] of Object.entries(REFINED)) {
  for (const place of places) {
    const [schema, property, items] = place.split('/');
    const parts = [description.components.schemas[schema], ...(description.components.schemas[schema]?.allOf ?? [])];
    const properties = parts.map((s) => s?.properties).find((p) => p && property in p);
    if (items) refine(properties?.[property], 'items', name, place);
    else refine(properties, property, name, place);
  }
}
for (const name of REFINED_WHOLE) {
  if (!description.components.schemas[name]) throw new Error(`${name}: not in the description`);
  description.components.schemas[name]['x-type'] = name;
}
// Pages name operations by where they are.
for (const path of Object.values(description.paths)) {
  for (const operation of Object.values(path)) delete operation.operationId;
}

const used = new Set();
const types = await openapiTS(description, {
  emptyObjectsUnknown: true,
  alphabetize: true,
  transform(schema) {
    const name = schema['x-type'];
    if (!name) return undefined;
    used.add(name);
    const type = ts.factory.createTypeReferenceNode(name);
    if (!schema['x-nullable']) return type;
    return ts.factory.createUnionTypeNode([type, ts.factory.createLiteralTypeNode(ts.factory.createNull())]);
  },
});
for (const name of [...Object.keys(REFINED), ...REFINED_WHOLE]) {
  if (!used.has(name)) throw new Error(`${name}: not taken over into the types`);
}
const names = [...used].sort().join(', ');
const text = `// Made by api-types.mjs.\nimport type { ${names} } from './refined';\n\n${astToString(types)}`;
// What did not change is not written, so that nothing is built anew for it.
const before = (() => {
  try {
    return readFileSync(OUT, 'utf8');
  } catch {
    return '';
  }
})();
if (text !== before) writeFileSync(fileURLToPath(OUT), text);
