// The first calls of docs/API.md with the types that openapi-typescript makes, and a token as others verify it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

type Fields = components['schemas']['Fields'];

const { BASE: base = '', PASSWORD: password = '', ISSUER: issuer = '' } = process.env;

async function signIn() {
  const anonymous = createClient<paths>({ baseUrl: base });
  const { data, error } = await anonymous.POST('/v1/sign-in', { body: { login: 'admin', password } });
  assert.ok(data, JSON.stringify(error));
  const api = createClient<paths>({ baseUrl: base, headers: { authorization: `Bearer ${data.access_token}` } });
  return { api, token: data.access_token };
}

test('a visit is made, listed and read', async () => {
  const { api } = await signIn();
  const fields: Fields = {
    visited_at: '2026-06-13T01:50:34Z',
    purpose: 'care',
    minutes: 25,
    needs: ['meals', 'repair'],
    safety_checked: true,
    temperature: '19.5',
    location: { lat: 39.12, lon: 117.2 },
    notes: '从 TypeScript 写入',
  };
  const made = await api.POST('/v1/records', {
    params: { header: { 'Idempotency-Key': 'first-calls.ts' } },
    body: { grid: 's-1', form: 'visit', fields },
  });
  assert.equal(made.response.status, 201, JSON.stringify(made.error));
  const id = made.data?.record?.record_id ?? assert.fail('no record came back');

  const listed = await api.GET('/v1/records', { params: { query: { form: 'visit', id, fields: 'purpose,location' } } });
  assert.deepEqual(listed.data?.records[0]?.fields, { purpose: 'care', location: fields['location'] });

  const read = await api.GET('/v1/records/{record_id}', { params: { path: { record_id: id } } });
  assert.deepEqual(
    { ...read.data?.fields, needs: undefined },
    { ...fields, visited_at: '2026-06-13T01:50:34.000Z', needs: undefined },
  );
  assert.deepEqual(new Set(read.data?.fields['needs'] as string[]), new Set(['meals', 'repair']));

  const heads = read.data?.heads ?? assert.fail('no heads');
  const changed = await api.PATCH('/v1/records/{record_id}', {
    params: { path: { record_id: id }, header: { 'If-Match': `"${heads}"` } },
    body: { fields: { minutes: null } },
  });
  assert.equal(changed.data?.record?.fields['minutes'] ?? null, null);
});

test('items of a group are typed', async () => {
  const { api } = await signIn();
  const forms = await api.GET('/v1/forms');
  const household = forms.data?.forms.find((f) => f.means === 'household');
  const group = household?.fields.find((f) => f.type === 'group') ?? assert.fail('no group');
  assert.ok(group.members?.some((m) => m.key === 'name'));
  const made = await api.POST('/v1/records', {
    body: { grid: 's-1', form: 'household', fields: { [group.key]: [{ key: 'first', name: '王伟' }] } },
  });
  const items = made.data?.record?.fields[group.key];
  assert.ok(Array.isArray(items), JSON.stringify(made.error));
  const [item] = items;
  assert.ok(typeof item === 'object' && item['name'] === '王伟');
});

test('what is not there is a problem with a code', async () => {
  const { api } = await signIn();
  const id = '01900000-0000-7000-8000-000000000000';
  const { error, response } = await api.GET('/v1/records/{record_id}', { params: { path: { record_id: id } } });
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.equal(error?.code, 'not_found');
  assert.equal(error.status, 404);
});

test('jose verifies a token by the address of the keys and refuses a changed one', async () => {
  const { token } = await signIn();
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', base));
  const expected = { issuer, audience: 'gridfold', algorithms: ['EdDSA'], typ: 'at+jwt', clockTolerance: 30 };
  const { payload } = await jwtVerify(token, keys, expected);
  assert.equal(payload['client_id'], payload['device_id']);
  const [header, claims = '', signature] = token.split('.');
  const other = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: payload['device_id'] };
  const changed = [header, Buffer.from(JSON.stringify(other)).toString('base64url'), signature].join('.');
  await assert.rejects(jwtVerify(changed, keys, expected), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  await assert.rejects(jwtVerify(token, keys, { ...expected, audience: 'another' }), { claim: 'aud' });
});
