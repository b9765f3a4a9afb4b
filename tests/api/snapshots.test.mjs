// The vendor's own client against `backcast serve` with real data.
// usage: BACKCAST=program node --test snapshots.test.mjs
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {QdrantClient} from '@qdrant/js-client-rest';

const folder = mkdtempSync(join(tmpdir(), 'backcast-'));
const data = join(folder, 'data');
let server, base, owner, key, client;

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  const {port} = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

function writeCluster(rows) {
  const place = join(data, 'default', 'articles');
  mkdirSync(place, {recursive: true});
  writeFileSync(join(place, 'collection.json'), JSON.stringify({dimension: 4}));
  const file = `s${rows}`;
  writeFileSync(join(place, `${file}.vectors`), randomBytes(rows * 16));
  writeFileSync(join(place, `${file}.payload`), '{}\n'.repeat(rows));
  writeFileSync(join(data, 'lock'), '');
  writeFileSync(join(data, 'cluster.json'), JSON.stringify({generation: rows, databases: [
    {name: 'default', collections: [{name: 'articles', segments: [{file, rows}]}]}]}));
}

function vectors() {
  const catalog = JSON.parse(readFileSync(join(data, 'cluster.json')));
  const [{folder: place, segments}] = catalog.databases[0].collections;
  return Buffer.concat(segments.map(({file}) =>
    readFileSync(join(data, 'default', place ?? 'articles', `${file}.vectors`))));
}

async function ask(method, path, body) {
  const answer = await fetch(base + path, {
    method, headers: {Authorization: `Bearer ${owner}`}, body: JSON.stringify(body)});
  assert.ok(answer.ok, `${path} ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

before(async () => {
  const port = await freePort();
  const home = join(folder, 'service');
  base = `http://127.0.0.1:${port}`;
  server = spawn(process.env.BACKCAST, ['serve', home, '--listen', `127.0.0.1:${port}`],
    {stdio: 'ignore'});
  for (;;) {
    try {
      if ((await fetch(`${base}/healthz`)).ok) break;
    } catch {
      assert.equal(server.exitCode, null);
      await sleep(50);
    }
  }
  owner = readFileSync(join(home, 'owner.token'), 'utf8').trim();
  writeCluster(50);
  await ask('PUT', '/v1/projects/points', {rules: 'qdrant'});
  const cluster = await ask('POST', '/v1/clusters', {
    name: 'vectors', project: 'points', region: 'eu', kind: 'folder', source: {path: data}});
  key = (await ask('POST', '/v1/tokens',
    {name: 'client', role: 'manage', cluster: cluster.id})).token;
  client = new QdrantClient({url: base, apiKey: key, checkCompatibility: false});
});

after(async () => {
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  rmSync(folder, {recursive: true});
});

test('snapshots are made, listed and deleted Q_SNP_01', async () => {
  const made = await client.createSnapshot('articles');
  assert.match(made.name, /^articles-\d+-[\d-]{19}\.snapshot$/);
  assert.deepEqual(await client.listSnapshots('articles'), [made]);
  const loaded = await fetch(`${base}/collections/articles/snapshots/${made.name}`,
    {headers: {'api-key': key}});
  const bytes = Buffer.from(await loaded.arrayBuffer());
  assert.equal(bytes.length, made.size);
  assert.equal(createHash('sha256').update(bytes).digest('hex'), made.checksum);
  assert.equal(await client.deleteSnapshot('articles', made.name), true);
  assert.deepEqual(await client.listSnapshots('articles'), []);
  await assert.rejects(client.deleteSnapshot('articles', made.name), {status: 404});
  await assert.rejects(client.createSnapshot('none'), {status: 404});
});

test('a snapshot is recovered Q_SNP_03', async () => {
  const before = vectors();
  const {name, checksum} = await client.createSnapshot('articles');
  writeCluster(3);
  assert.notDeepEqual(vectors(), before);
  const location = `file:///qdrant/snapshots/articles/${name}`;
  await assert.rejects(client.recoverSnapshot('articles', {location, checksum: '0'.repeat(64)}),
    {status: 400});
  assert.notDeepEqual(vectors(), before);
  assert.equal(await client.recoverSnapshot('articles', {
    location, checksum, priority: 'snapshot'}), true);
  assert.deepEqual(vectors(), before);
  await assert.rejects(client.recoverSnapshot('articles', {location: 'http://localhost/x'}),
    {status: 403});
});

test('so are snapshots of everything', async () => {
  const made = await client.createFullSnapshot();
  assert.match(made.name, /^full-snapshot-[\d-]{19}\.snapshot$/);
  assert.deepEqual(await client.listFullSnapshots(), [made]);
  assert.equal(await client.deleteFullSnapshot(made.name), true);
  assert.deepEqual(await client.listFullSnapshots(), []);
});

test('a key that is wrong is refused', async () => {
  const stranger = new QdrantClient({url: base, apiKey: 'bct_no', checkCompatibility: false});
  await assert.rejects(stranger.listSnapshots('articles'), {status: 401});
});
