// One bit of one file of a store directory is flipped, whichever: the store serves the right bodies, or refuses to
// start, or says in its log what is damaged; it never serves a wrong body and never drops a message in silence. What it
// refuses, `mqstore repair` sets aside, and the rest is served. Directories: ours, closed and killed, and those that
// Apache's brokers wrote (../shared/golden, where it exists). Ends with a control that must fail.
//   node tools/reliability/bit-flips.mjs [--flips 2000] [--seed 1] [--only N]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../workspace.mjs';
import { seededRandom } from './random.mjs';
import { importSource } from './sources.mjs';
import {
  BATCHES,
  QUEUES,
  ROOT,
  SMALL,
  TOPICS,
  makeStore,
  numberedMessage,
  readQueue,
  wrappedMessages,
} from './store-bench.mjs';

const { messageStoreSettings, repairStore } = await importSource('@mq/store');
const { SimulatedDisk } = await importSource('@mq/store/testing');
const { ManualClock } = await importSource('@mq/remoting');
const { RecordLayout, RecordOffset } = await importSource('@mq/remoting/message');

const GOLDEN = join(root, '..', 'shared', 'golden');
/** After everything the golden stores hold was stored, before it would expire. */
const GOLDEN_NOW = 1_795_300_000_000;
const KINDS = ['', 'kill9'];
const RECORD_BYTES = 256;
/** Of a record without topic, properties and body. */
const EMPTY_RECORD_BYTES = 91;

// ---- directories

/** @returns a directory as it lies on disk, its settings, and what it serves undamaged */
async function directoryOf(name, disk, settings, nowMs, bootId) {
  const whole = [...disk.crashStates(2)].at(-1).disk;
  const directory = { name, disk: whole, settings, nowMs, bootId, files: filesOf(whole, ROOT) };
  const opened = await openOn(directory, copyOf(whole));
  if (opened.error !== undefined) throw new Error(`${name} does not open undamaged: ${opened.error.message}`);
  directory.queues = [...opened.store.topics()].flatMap((topic) =>
    opened.store.queueIds(topic).map((queueId) => [topic, queueId]),
  );
  directory.places = new Map();
  directory.served = await serve(opened.store, directory.queues, directory.places);
  directory.bodies = new Set(directory.served.values());
  await opened.store.close();
  if (directory.served.size < 50) throw new Error(`${name} serves only ${directory.served.size} messages`);
  return directory;
}

/** Of our own: records of 256 bytes, so that a flipped bit of an offset leads to another record, not to nothing. */
async function ours({ killed }) {
  const disk = new SimulatedDisk();
  const settings = {
    ...SMALL,
    mappedFileSizeCommitLog: 8192,
    mappedFileSizeConsumeQueue: 400,
    maxHashSlotNum: 32,
    maxIndexNum: 64,
  };
  const clock = new ManualClock();
  const store = makeStore({ disk, settings, clock });
  await store.start();
  const bases = new Array(QUEUES).fill(0);
  for (let number = 0; number < 160; number++) {
    const topic = TOPICS[number % TOPICS.length];
    const queueId = (number >> 2) % QUEUES;
    const message = numberedMessage(number, { topic, queueId, bytes: 0 });
    let room = RECORD_BYTES - EMPTY_RECORD_BYTES - topic.length - message.properties.length;
    if (topic === BATCHES) {
      const count = 1 + ((number >> 3) % 3);
      room -= `INNER_NUM=${count};INNER_BASE=${bases[queueId]};`.length;
      bases[queueId] += count;
      Object.assign(message, batchOf(number, count, message, room));
    } else message.body = Buffer.from(bodyOf(number, room));
    const { sizeBytes } = await store.put(message);
    if (sizeBytes !== RECORD_BYTES) throw new Error(`record ${number} has ${sizeBytes} bytes`);
    if (number === 100) await clock.advance(61_000);
  }
  if (killed) return directoryOf('ours, killed', disk.kill(), settings, clock.now(), 'boot-1');
  await store.close();
  return directoryOf('ours, closed', disk, settings, clock.now(), 'boot-1');
}

/** A record of `count` messages, its body of just `bytes`. */
function batchOf(number, count, message, bytes) {
  const bodies = Array.from({ length: count }, (_, i) => Buffer.from(`${number}.${i}|`));
  const wrap = () => wrappedMessages(bodies.map((body) => ({ ...message, body })));
  const rest = bytes - wrap().body.length;
  bodies[count - 1] = Buffer.from(bodyOf(`${number}.${count - 1}`, bodies[count - 1].length + rest));
  return wrap();
}

function bodyOf(number, bytes) {
  return `${number}|`.padEnd(bytes, String.fromCharCode(97 + (Math.floor(number) % 26)));
}

/** An archive of Apache's, in memory. */
async function apaches(version, kind) {
  const folder = join(GOLDEN, `store-${version}`);
  const unpacked = mkdtempSync(join(tmpdir(), 'mq-flips-'));
  try {
    const suffix = kind === '' ? '' : `-${kind}`;
    execFileSync('tar', [
      'xzf',
      join(folder, `store${suffix}.tar.gz`),
      '-C',
      unpacked,
      '--exclude=store/timerwheel',
    ]);
    const disk = new SimulatedDisk();
    copyInto(disk, join(unpacked, 'store'), ROOT);
    const lines = readFileSync(join(folder, 'config.properties'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('='));
    const given = new Map(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const { values } = messageStoreSettings.parse(given.set('storePathRootDir', ROOT));
    return await directoryOf(`Apache ${version}${suffix}`, disk, values, GOLDEN_NOW, 'boot-1');
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

function copyInto(disk, from, to) {
  disk.mkdir(to);
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), `${to}/${name}`];
    if (statSync(source).isDirectory()) copyInto(disk, source, target);
    else disk.writeFile(target, readFileSync(source));
    if (!statSync(source).isDirectory()) disk.setModified(target, GOLDEN_NOW);
  }
}

function copyOf(disk) {
  return [...disk.crashStates(1)][0].disk;
}

function filesOf(disk, dir) {
  return disk.list(dir).flatMap((name) => {
    const path = `${dir}/${name}`;
    const { isDirectory, sizeBytes } = disk.stat(path);
    return isDirectory ? filesOf(disk, path) : sizeBytes > 0 ? [path] : [];
  });
}

// ---- one flip

/** Half of the flips hit a file whatever its size, the other half a byte whatever its file; most hit what is not zero. */
function chooseFlip(directory, random) {
  const { disk, files } = directory;
  const log = files.filter((path) => path.includes('/commitlog/'));
  const from = random.next() < 0.4 ? log : files;
  const path = from[Math.floor(random.next() * from.length)];
  const bytes = disk.readFile(path);
  let at = Math.floor(random.next() * bytes.length);
  if (random.next() < 0.8) while (bytes[at] === 0 && at > 0) at--;
  return { path, at, bit: Math.floor(random.next() * 8) };
}

function flip(disk, { path, at, bit }) {
  const file = disk.open(path);
  const byte = Buffer.alloc(1);
  file.read(byte, at);
  byte[0] ^= 1 << bit;
  file.write(byte, at);
  file.close();
}

async function openOn(directory, disk) {
  const reports = [];
  const report = (message, facts) => void reports.push({ message, ...facts });
  const logger = { debug() {}, info() {}, warn: report, error: report, child: () => logger };
  const { settings, nowMs, bootId } = directory;
  const store = makeStore({ disk, settings, clock: new ManualClock(nowMs), bootId, logger });
  try {
    await store.start();
    return { store, reports };
  } catch (error) {
    await store.close();
    return { error, reports };
  }
}

/**
 * Everything every queue serves: `topic-queue@offset` to body.
 * @param places filled with the records as they say they are, by the same names
 */
async function serve(store, queues, places) {
  const served = new Map();
  for (const [topic, queueId] of queues) {
    for (const record of await readQueue(store, topic, queueId)) {
      const place = `${topic}-${queueId}@${record.queueOffset}`;
      served.set(place, record.body);
      places?.set(place, record);
    }
  }
  return served;
}

/** @returns how many of the messages are missing, and sentences about what is wrong */
function compare(directory, served) {
  const wrong = [];
  const lost = [];
  for (const [place, body] of directory.served) {
    const found = served.get(place);
    if (found === undefined) lost.push(place);
    else if (found !== body)
      wrong.push({ place, sentence: `a wrong body at ${place}`, intact: directory.bodies.has(found) });
  }
  for (const [place, body] of served) {
    if (!directory.served.has(place))
      wrong.push({
        place,
        sentence: `a message that was never stored at ${place}`,
        intact: directory.bodies.has(body),
        strayed: true,
        body,
      });
  }
  return { missing: lost.length, lost, wrong };
}

/**
 * What nothing in the directory contradicts (docs/reliability.md): flags of a record, which are served as they are read; and
 * topic, queue or queue offset of the last record of a queue that a kill left to be dispatched again, where they name just
 * the end of another queue.
 */
function isUnseen(directory, { path, at }, { lost, wrong }) {
  const [place] = lost.length > 0 ? lost : wrong.map((one) => one.place);
  const record = directory.places.get(place);
  if (record === undefined || !path.includes('/commitlog/')) return false;
  const isOfRecord = (one) => directory.places.get(one)?.offset === record.offset;
  if (!lost.every(isOfRecord)) return false;
  const fields = fieldsOf(directory.disk.readFile(path), record.offset - Number(basename(path)));
  if (isIn(fields.flags, at)) return wrong.every((one) => isOfRecord(one.place));
  return isIn(fields.place, at) && isNextOfAnother(directory, lost, wrong);
}

/** Whether the messages of the last record of a queue stand behind all others of another one. */
function isNextOfAnother({ places, served }, lost, wrong) {
  if (wrong.length !== lost.length || !wrong.every((one) => one.strayed)) return false;
  if (!wrong.every(({ body }, i) => served.get(lost[i]) === body)) return false;
  const { topic, queueId, queueOffset } = places.get(lost.at(-1));
  const [, strayedQueue, strayedOffset] = /^(.*)@(\d+)$/.exec(wrong[0].place);
  return (
    !served.has(`${topic}-${queueId}@${queueOffset + 1}`) &&
    served.has(`${strayedQueue}@${strayedOffset - 1}`)
  );
}

/** Ranges of bytes of the record that starts at `start` of a log file; none where there is no such record. */
function fieldsOf(bytes, start) {
  const layout = new RecordLayout();
  if (start < 0 || start >= bytes.length || !layout.locate(bytes, start)) return { flags: [], place: [] };
  const { QUEUE_ID, QUEUE_OFFSET, SYS_FLAG } = RecordOffset;
  return {
    flags: [[start + SYS_FLAG, start + SYS_FLAG + 4]],
    place: [
      [start + QUEUE_ID, start + QUEUE_ID + 4],
      [start + QUEUE_OFFSET, start + QUEUE_OFFSET + 8],
      [layout.topicStart, layout.topicEnd],
    ],
  };
}

function isIn(ranges, at) {
  return ranges.some(([from, to]) => at >= from && at < to);
}

/** @returns what became of it: 'right', 'reported', 'refused' or 'unseen', and violations */
async function tryFlip(directory, flipped, { repairs, judgeReports = true }) {
  const disk = copyOf(directory.disk);
  flip(disk, flipped);
  const { store, error, reports } = await openOn(directory, disk);
  if (error !== undefined) return refused(directory, disk, error, repairs);
  try {
    const compared = compare(directory, await serve(store, directory.queues));
    const { missing, wrong } = compared;
    // Queue id, queue offset and topic of a record have no checksum: two records may claim one place, which is reported.
    const isMisplaced =
      wrong.every((one) => one.intact) && flipped.path.includes('/commitlog/') && reports.length > 0;
    if (reports.length === 0 && isUnseen(directory, flipped, compared))
      return { outcome: 'unseen', violations: [] };
    if (wrong.length > 0 && !isMisplaced)
      return { outcome: 'wrong', violations: wrong.map(({ sentence }) => sentence) };
    if (missing + wrong.length === 0) return { outcome: 'right', violations: [] };
    if (judgeReports && reports.length > 0) return { outcome: 'reported', violations: [] };
    return { outcome: 'silent', violations: [`${missing} messages are gone and nothing was said`] };
  } finally {
    await store.close();
  }
}

/** A refusal names a file; repaired, the directory opens and serves all but what was set aside. */
async function refused(directory, disk, error, repairs) {
  const violations = [];
  if (error.path === undefined) violations.push(`a refusal that names no file: ${error.message}`);
  if (!repairs) return { outcome: 'refused', violations };
  let report;
  try {
    report = await repairStore(directory.settings, { disk });
  } catch (failure) {
    return { outcome: 'refused', violations: [...violations, `repair failed: ${failure.message}`] };
  }
  const { store, error: again } = await openOn(directory, disk);
  if (again !== undefined)
    return { outcome: 'refused', violations: [`repair did not help: ${again.message}`] };
  const { lost, wrong } = compare(directory, await serve(store, directory.queues));
  await store.close();
  violations.push(...wrong.filter(({ intact }) => !intact).map(({ sentence }) => `after repair ${sentence}`));
  const damaged = report.findings.filter(({ kind }) => kind === 'log').length;
  // A record may hold several messages.
  const records = new Set(lost.map((place) => directory.places.get(place).offset)).size;
  if (records > 2 * Math.max(1, damaged))
    violations.push(
      `repair lost ${records} records (${lost.length} messages) for ${damaged} damaged places of the log`,
    );
  return { outcome: 'refused', violations, repaired: true };
}

// ---- the campaign

const { values } = parseArgs({
  options: {
    flips: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
const flips = Number(values.flips);
const directories = [await ours({ killed: false }), await ours({ killed: true })];
for (const version of ['5.3.3', '4.9.7']) {
  if (!existsSync(join(GOLDEN, `store-${version}`)))
    console.log(`Apache ${version}: skipped, no golden stores beside this repository`);
  else for (const kind of KINDS) directories.push(await apaches(version, kind));
}

let failed = false;
for (const [index, directory] of directories.entries()) {
  const counts = { right: 0, reported: 0, refused: 0, repaired: 0, unseen: 0, wrong: 0, silent: 0 };
  const violations = [];
  const share = Math.ceil(flips / directories.length);
  const startedAt = performance.now();
  const numbers =
    values.only === undefined ? Array.from({ length: share }, (_, i) => i) : [Number(values.only)];
  for (const number of numbers) {
    const random = seededRandom(seed * 7_000_003 + index * 1_000_003 + number);
    const flipped = chooseFlip(directory, random);
    const {
      outcome,
      violations: found,
      repaired,
    } = await tryFlip(directory, flipped, { repairs: number % 5 === 0 || flips < 5000 });
    counts[outcome]++;
    if (repaired) counts.repaired++;
    for (const sentence of found)
      violations.push(
        `flip ${number} (bit ${flipped.bit} of byte ${flipped.at} of ${flipped.path}): ${sentence}`,
      );
  }
  console.log(
    `bit flips, ${directory.name}: ${numbers.length} flips of ${directory.served.size} messages in ${directory.files.length} files, ` +
      `${counts.right} served right, ${counts.reported} reported, ${counts.refused} refused (${counts.repaired} repaired), ` +
      `${counts.unseen} that nothing contradicts, ${counts.wrong} wrong, ${counts.silent} silent, ${violations.length} violations, ` +
      `${Math.round((1000 * numbers.length) / (performance.now() - startedAt))} flips/s, seed ${seed}`,
  );
  for (const violation of violations.slice(0, 10)) console.log(`  ${violation}`);
  if (violations.length > 0) failed = true;
}
if (values.only === undefined && !(await control())) failed = true;
process.exitCode = failed ? 1 : 0;

/** A body is changed together with its checksum, as no bit flip can: the judge must see it. */
async function control() {
  const directory = directories[0];
  const disk = copyOf(directory.disk);
  const log = directory.files.find((path) => path.includes('/commitlog/'));
  const file = disk.open(log);
  const [first, second] = [Buffer.alloc(256), Buffer.alloc(256)];
  file.read(first, 0);
  file.read(second, 512);
  // The first record gets the body and checksum of the third, and keeps its place.
  second.copy(first, 8, 8, 12);
  second.copy(first, 84, 84, 200);
  file.write(first, 0);
  file.close();
  const { store } = await openOn(directory, disk);
  const { wrong, missing } = compare(directory, await serve(store, directory.queues));
  await store.close();
  const detected = wrong.length + missing > 0;
  console.log(
    `control (a body exchanged with its checksum): ${detected ? 'detected, as it must be' : 'NOT detected'}`,
  );
  return detected;
}
