/** The town of the stories: a community with two grids, its supervisor, two workers of the first, two households. */
import { AREA, PASSWORD } from './harness.mjs';

export async function person(server, name, role, area, login) {
  const user = await server.call('POST', '/v1/users', login ? { name, login, password: PASSWORD } : { name });
  const { grant_id: grant } = await server.call('POST', '/v1/grants', { user_id: user.user_id, role, area });
  return { user_id: user.user_id, name, grant };
}

/** Makes a record as the supervisors' pages do, and gives its id. */
async function made(server, form, fields) {
  const { record } = await server.call('POST', '/v1/records', { grid: AREA.one, form, fields });
  return record.record_id;
}

export async function found(server) {
  server.token = await server.signIn();
  for (const [code, parent, name, level] of [
    [AREA.street, null, '示范街道', 'street'],
    [AREA.community, AREA.street, '和平社区', 'community'],
    [AREA.one, AREA.community, '第一网格', 'grid'],
    [AREA.two, AREA.community, '第二网格', 'grid'],
  ])
    await server.call('PUT', `/v1/areas/${code}`, { parent, name, level });
  const wang = await person(server, '王主管', 'supervisor', AREA.community, 'wang');
  const li = await person(server, '李网格员', 'worker', AREA.one);
  const zhao = await person(server, '赵网格员', 'worker', AREA.one);
  const households = [];
  for (const [address, location] of [
    ['和平里3号楼2单元501', { lat: 39.1211, lon: 117.2012 }],
    ['和平里3号楼2单元502', { lat: 39.1239, lon: 117.2051 }],
  ]) {
    const fields = { address, head_name: '张秀英', phone: '13900000000', location };
    households.push(await made(server, 'household', fields));
  }
  return { wang, li, zhao, households };
}

/** A matter of a worker's that is late, and a task about it to acknowledge. */
export async function work(server, { li }) {
  const doer = { user_id: li.user_id, name: li.name };
  const matter = await made(server, 'matter', {
    kind: '路灯损坏',
    summary: '3号楼前路灯不亮，晚上看不见台阶',
    reported_at: '2026-01-01T00:00:00Z',
    due_at: '2026-01-02T00:00:00Z',
    assignee: doer,
  });
  const task = await made(server, 'task', { title: '查看3号楼电箱', doer, matter, due_at: '2099-01-01T00:00:00Z' });
  return { matter, task };
}
