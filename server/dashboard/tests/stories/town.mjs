/** The town of the stories: a community with two grids, a supervisor, an auditor and workers with phones. */
import { Phone } from './harness.mjs';

export const PASSWORD = 'a long phrase of the stories';
export const AREA = { street: '990101001', community: '990101001001', one: '990101001001001', two: '990101001001002' };

const square = (lon, lat) => ({
  type: 'Polygon',
  coordinates: [
    [
      [lon, lat],
      [lon + 0.03, lat],
      [lon + 0.03, lat + 0.05],
      [lon, lat + 0.05],
      [lon, lat],
    ],
  ],
});

export async function found(server) {
  server.token = await server.signIn();
  const areas = [
    [AREA.street, null, '示范街道', 'street'],
    [AREA.community, AREA.street, '和平社区', 'community'],
    [AREA.one, AREA.community, '第一网格', 'grid', square(117.2, 39.12)],
    [AREA.two, AREA.community, '第二网格', 'grid', square(117.23, 39.12)],
  ];
  for (const [code, parent, name, level, boundary] of areas)
    await server.call('PUT', `/v1/areas/${code}`, { parent, name, level, boundary });
  const supervisor = await person(server, '王主管', 'supervisor', AREA.community, 'wang');
  const auditor = await person(server, '审计甲', 'auditor', AREA.community, 'shen');
  const workers = [];
  for (const [i, [name, area]] of [
    ['李网格员', AREA.one],
    ['赵网格员', AREA.one],
    ['孙网格员', AREA.two],
  ].entries()) {
    const user = await person(server, name, 'worker', area);
    const { qr } = await server.call('POST', '/v1/devices/invite', { user_id: user.user_id });
    const phone = new Phone(server, `phone-${i + 1}`, i + 1);
    const { device } = await phone.do('enrol', { qr });
    workers.push({ ...user, phone, device });
  }
  return { supervisor, auditor, workers };
}

async function person(server, name, role, area, login) {
  const user = await server.call('POST', '/v1/users', login ? { name, login, password: PASSWORD } : { name });
  await server.call('POST', '/v1/grants', { user_id: user.user_id, role, area });
  return { user_id: user.user_id, name, login };
}

/** A household that two phones know, and each changes the telephone of without knowing of the other. */
export async function disagree(workers) {
  const [a, b] = workers;
  const { record } = await a.phone.do('capture', { form: 'household' });
  await a.phone.do('sync');
  await b.phone.do('sync');
  await a.phone.do('set', { record, field: 'phone', text: '13900000001' });
  await b.phone.do('set', { record, field: 'phone', text: '13900000002' });
  await a.phone.do('sync');
  await b.phone.do('sync');
  return record;
}
