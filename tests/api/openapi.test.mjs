// The description of the API, as an outside validator reads it, and against what is served.
// usage: API_SERVICE=program node --test openapi.test.mjs
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {after, before, test} from 'node:test';
import {Validator} from '@seriousme/openapi-schema-validator';

let folder, server, base, headers, described;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backcast-'));
  server = spawn(process.env.API_SERVICE, [folder], {stdio: ['pipe', 'pipe', 'ignore']});
  const [line] = await new Promise((resolve) =>
    createInterface(server.stdout).once('line', (text) => resolve([text])));
  const [port, token] = line.split(' ');
  base = `http://127.0.0.1:${port}`;
  headers = {Authorization: `Bearer ${token}`};
  described = await (await fetch(`${base}/openapi.json`, {headers})).json();
});

after(async () => {
  server.stdin.end();
  await new Promise((resolve) => server.once('exit', resolve));
  await rm(folder, {recursive: true});
});

test('the description is valid OpenAPI 3', async () => {
  const result = await new Validator().validate(structuredClone(described));
  assert.ok(result.valid, String(JSON.stringify(result.errors, null, 1)).slice(0, 4000));
  assert.ok(Object.keys(described.paths).length > 30);
});

test('operation ids are unique', () => {
  const ids = Object.values(described.paths).flatMap((path) =>
    Object.values(path).map((operation) => operation.operationId));
  assert.equal(new Set(ids).size, ids.length);
});

test('every route is there, and none without a token but health', async () => {
  for (const [path, methods] of Object.entries(described.paths)) {
    for (const method of Object.keys(methods)) {
      const target = base + path.replace(/\{\w+\}/g, 'x');
      const plain = await fetch(target, {method: method.toUpperCase()});
      const text = await plain.text();
      if (path === '/healthz') {
        assert.equal(plain.status, 200);
      } else {  // 429: so many without a token are slowed down
        const refused = [401, 429].includes(plain.status) || text.includes('21119') ||
          text.includes('"code":429');
        assert.ok(refused, `${method} ${path}: ${plain.status} ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }
});

test('answers are what the description says', async () => {
  for (const path of ['/v1/projects', '/v1/clusters', '/v1/backups', '/v1/jobs', '/v1/tokens',
    '/v1/status', '/v1/audit', '/v1/decisions', '/healthz', '/v2/backups']) {
    const answer = await (await fetch(base + path, {headers})).json();
    const schema = described.paths[path].get.responses['200'].content['application/json'].schema;
    assert.deepEqual(Object.keys(answer).sort(), [...schema.required].sort(), path);
  }
});
