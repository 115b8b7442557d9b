// Every decoder that bytes of a peer or of a disk go through, with inputs it reads. Bundled by sources.mjs, because
// some are internal to their package. `run` may throw an error of `typed` and nothing else; what it returns is not looked at.
import { decodeFrame, encodeFrame, FrameDecoder } from '@mq/remoting';
import * as message from '@mq/remoting/message';
import * as protocol from '@mq/remoting/protocol';
import { parsePropertiesFile } from '@mq/remoting/settings';
import { StoreCheckpoint } from '@mq/store';
import { SimulatedDisk } from '@mq/store/testing';
import {
  alterAttributes,
  parseAttributeChanges,
  topicAttributeRules,
} from '../../../packages/broker/src/topic/attributes.ts';
import { readProxyHeader } from '../../../packages/remoting/src/haproxy.ts';
import { readBatchEntry } from '../../../packages/store/src/consume-queue/batch-consume-queue-entry.ts';
import { decodeConsumeQueueExtUnit } from '../../../packages/store/src/consume-queue/consume-queue-ext.ts';
import { ConsumeQueue } from '../../../packages/store/src/consume-queue/consume-queue.ts';
import { writeEntry } from '../../../packages/store/src/consume-queue/consume-queue-entry.ts';
import { FileHandles } from '../../../packages/store/src/disk/file-handles.ts';
import { IndexFile } from '../../../packages/store/src/index/index-file.ts';
import { indexFileSize } from '../../../packages/store/src/index/index-file-format.ts';

const REMOTING = ['RemotingError'];
const STORE = ['StoreError', 'ConsumeQueueError', 'DiskError'];
const NOTHING = [];
/** What the broker allows; keeps a bomb from taking the time of the others. */
const MAX_INFLATED = 4 * 1024 * 1024;
/** Decoders that read a command, not a body: the frames' targets run them. */
const COMMAND_DECODERS = [
  'decodeSendHeader',
  'decodePullHeader',
  'decodeUpdateConsumerOffsetHeader',
  'decodeEndTransactionHeader',
];
const BASE_VERSION = 479;

/**
 * `[{ name, typed, seeds, run, share }]`; `share` of the inputs, relative to the others of the list. `golden` is golden.mjs,
 * which a bundle could not find its files from.
 */
export async function decoders(golden) {
  await message.loadCompression();
  const frames = golden.frames().map(({ bytes }) => bytes);
  return [
    ...frameTargets(frames),
    ...headerTargets(frames),
    ...bodyTargets(frames),
    ...messageTargets(golden),
    ...textTargets(frames),
    ...(await storeTargets()),
  ];
}

// ---- frames

function frameTargets(frames) {
  const ofCodec = (codec) => frames.filter((frame) => frame[4] === codec);
  const msgpack = ofCodec(0).flatMap((frame) => {
    try {
      const command = decodeFrame(frame, 0, frame.length);
      void command.extFields;
      command.serializeType = 'MSGPACK';
      return [encodeFrame(command)];
    } catch {
      return [];
    }
  });
  return [
    { name: 'frame-json', typed: REMOTING, seeds: ofCodec(0), run: runFrame, share: 12 },
    { name: 'frame-rocketmq', typed: REMOTING, seeds: ofCodec(1), run: runFrame, share: 12 },
    { name: 'frame-msgpack', typed: REMOTING, seeds: msgpack, run: runFrame, share: 12 },
    { name: 'frame-stream', typed: REMOTING, seeds: frames, run: runStream, share: 8 },
    {
      name: 'proxy-header',
      typed: REMOTING,
      seeds: [
        Buffer.from('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nrest'),
        Buffer.from('PROXY TCP6 ::1 fe80::2 56324 443\r\n'),
        Buffer.from('0d0a0d0a000d0a515549540a2111000c7f0000010a000001162e01bb0300040102030e', 'hex'),
        Buffer.from(
          '0d0a0d0a000d0a515549540a21210024' + '00'.repeat(15) + '01' + '00'.repeat(15) + '02162e01bb',
          'hex',
        ),
      ],
      run: readProxyHeader,
      share: 2,
    },
  ];
}

/** A frame as a connection takes it: its header, all its fields, the hot headers, and back into bytes where that works. */
function runFrame(input) {
  if (input.length < 8) return;
  const command = decodeFrame(input, 0, input.length);
  for (const name of COMMAND_DECODERS) onlyTyped(() => protocol[name](command));
  void command.extFields;
  encodeFrame(command);
}

/** The same bytes in chunks: where they are cut depends on the bytes, so that a file replays it. */
function runStream(input) {
  const decoder = new FrameDecoder(1024 * 1024);
  decoder.acceptMsgpack = true;
  for (let at = 0; at < input.length;) {
    const end = Math.min(input.length, at + 1 + (input[at] % 97));
    decoder.push(input.subarray(at, end));
    for (let command; (command = decoder.next()) !== undefined;) void command.extFields;
    at = end;
  }
}

/** Runs another reader on the same input without hiding what it must not throw. */
function onlyTyped(decode) {
  try {
    decode();
  } catch (error) {
    if (error?.name !== 'RemotingError') throw error;
  }
}

// ---- typed headers

/** Every codec the protocol exports. Ext fields travel here as `key 0x03 value 0x04`. */
function headerTargets(frames) {
  const codecs = Object.entries(protocol).filter(
    ([, value]) =>
      typeof value === 'object' && typeof value?.decode === 'function' && typeof value.name === 'string',
  );
  const exts = frames
    .map((frame) => fieldsOf(frame))
    .filter((ext) => ext !== undefined && Object.keys(ext).length > 0);
  const share = 20 / codecs.length;
  return codecs.map(([name, codec]) => {
    const fitting = exts.filter((ext) => passes(() => codec.decode(ext)));
    return {
      name: `header-${name}`,
      typed: REMOTING,
      seeds: firstOf(fitting, exts, 24).map(extBytes),
      run: (input) => codec.decode(extOf(input)),
      share,
    };
  });
}

const extBytes = (ext) =>
  Buffer.from(
    Object.entries(ext)
      .map(([key, value]) => `${key}\u0003${value}\u0004`)
      .join(''),
  );

function extOf(input) {
  const ext = Object.create(null);
  for (const field of input.toString().split('\u0004')) {
    const split = field.indexOf('\u0003');
    if (split > 0) ext[field.slice(0, split)] = field.slice(split + 1);
  }
  return ext;
}

function fieldsOf(frame) {
  let fields;
  passes(() => (fields = { ...decodeFrame(frame, 0, frame.length).extFields }));
  return fields;
}

// ---- bodies

/** Every `decode…` the protocol exports: one that is added is here without a word. */
function bodyTargets(frames) {
  const bodies = bodiesOf(frames);
  const names = Object.keys(protocol).filter(
    (name) =>
      /^decode[A-Z]/.test(name) && typeof protocol[name] === 'function' && !COMMAND_DECODERS.includes(name),
  );
  const share = 30 / names.length;
  return names.map((name) => {
    const decode = protocol[name];
    const run =
      name === 'decodeTopicConfigLine'
        ? (input) => decode(input.toString())
        : (input) => decode(input, BASE_VERSION);
    const own =
      name === 'decodeTopicConfigLine'
        ? [Buffer.from('TopicA 8 8 6 SINGLE_TAG {"+message.type":"FIFO"}')]
        : [];
    const fitting = bodies.filter((body) => passes(() => run(body)));
    return {
      name: `body-${name}`,
      typed: REMOTING,
      seeds: [...own, ...firstOf(fitting, bodies, 40)],
      run,
      share,
    };
  });
}

function bodiesOf(frames) {
  return frames.flatMap((frame) => {
    let body;
    passes(() => (body = decodeFrame(frame, 0, frame.length).body));
    return body === undefined ? [] : [body];
  });
}

// ---- messages

function messageTargets(golden) {
  const records = golden.messages();
  const batches = records.filter((bytes) => passes(() => message.decodeBatch(bytes)));
  const scanner = new message.PropertyScanner();
  const properties = records
    .flatMap((bytes) => message.decodeRecords(bytes))
    .map((record) => Buffer.from(message.encodeProperties(record.properties)));
  const layout = new message.RecordLayout();
  const tags = Buffer.from('TAGS');
  const inflate = (type) => (input) => message.decompress(type, input, MAX_INFLATED);
  const compressed = ['ZLIB', 'LZ4', 'ZSTD']
    .filter((type) => message.isCompressionLoaded(type))
    .map((type) => ({
      name: `compressed-${type}`,
      typed: REMOTING,
      seeds: golden.compressed(type),
      run: inflate(type),
      share: 1,
    }));
  return [
    {
      name: 'records',
      typed: REMOTING,
      seeds: records,
      run: (input) => {
        for (const record of message.decodeRecords(input, { maxBodyBytes: MAX_INFLATED })) {
          onlyTyped(() => message.unwrapInnerBatch(record));
        }
      },
      share: 10,
    },
    {
      name: 'record-check',
      typed: NOTHING,
      seeds: records,
      run: (input) => {
        const check = message.checkRecord(input, 0, input.length, { layout });
        if (check.kind === 'record') scanner.scan(input, layout.propertiesStart, layout.propertiesEnd);
        message.checkRecord(input, 0, input.length, { requirePropertyCrc: true, physicalOffset: 0 });
      },
      share: 10,
    },
    { name: 'batch', typed: REMOTING, seeds: batches, run: (input) => message.decodeBatch(input), share: 5 },
    {
      name: 'properties',
      typed: NOTHING,
      seeds: properties,
      run: (input) => {
        message.decodeProperties(input.toString());
        scanner.scan(input, 0, input.length);
        message.findProperty(input, 0, input.length, tags);
      },
      share: 5,
    },
    {
      name: 'ids',
      typed: NOTHING,
      seeds: ['0A00000700002A9F00000000075BCD15', 'C0A801050F2C18B4AAC2163A6B640000'].map((id) =>
        Buffer.from(id),
      ),
      run: (input) => {
        const id = input.toString('latin1');
        message.decodeOffsetMsgId(id);
        message.decodeUniqId(id);
        message.uniqIdTime(id, 1_700_000_000_000);
      },
      share: 2,
    },
    ...compressed,
  ];
}

// ---- texts

function textTargets(frames) {
  const jsons = bodiesOf(frames)
    .filter((body) => body[0] === 0x7b)
    .slice(0, 120);
  return [
    {
      name: 'fastjson',
      typed: REMOTING,
      seeds: jsons,
      run: (input) => protocol.parseFastjson(input),
      share: 15,
    },
    {
      name: 'properties-file',
      typed: ['SyntaxError'],
      seeds: [
        Buffer.from(
          'brokerName=broker-a\nlistenPort : 10911\n# comment\nlong = a\\\n  b\nunicode=\\u00e9\\t\n',
        ),
        Buffer.from('namesrvAddr=127.0.0.1:9876;127.0.0.1:9877\r\nkey with\\ space=x\n!c\n'),
      ],
      run: (input) => parsePropertiesFile(input),
      share: 5,
    },
    {
      name: 'subscription',
      typed: REMOTING,
      seeds: ['*', 'TagA', 'TagA || TagB||TagC', ' || '].map((text) => Buffer.from(text)),
      run: (input) => protocol.buildSubscriptionData('TopicTest', input.toString(), 'TAG'),
      share: 2,
    },
    {
      name: 'names',
      typed: REMOTING,
      seeds: ['TopicTest', '%RETRY%group', 'ns%topic', '%DLQ%ns%g'].map((text) => Buffer.from(text)),
      run: (input) => {
        const name = input.toString();
        protocol.withoutNamespace(name, 'ns');
        protocol.isRetryTopic(name);
        protocol.isSystemTopic(name);
      },
      share: 1,
    },
    {
      name: 'topic-attributes',
      typed: ['AttributeError'],
      seeds: [Buffer.from('+message.type=FIFO'), Buffer.from('-queue.type,+cleanup.policy=DELETE')],
      run: (input) =>
        alterAttributes(topicAttributeRules, true, new Map(), parseAttributeChanges(input.toString())),
      share: 1,
    },
  ];
}

// ---- store files

const QUEUE_ENTRIES = 64;
const QUEUE_BYTES = QUEUE_ENTRIES * 20;
const INDEX_SHAPE = { slots: 16, entries: 32 };

async function storeTargets() {
  const long = Buffer.alloc(4096);
  [1_700_000_000_000n, 1_700_000_000_500n, 1_700_000_000_400n, 0n, 0n].forEach((value, i) =>
    long.writeBigInt64BE(value, i * 8),
  );
  return [
    {
      name: 'checkpoint',
      typed: STORE,
      seeds: [long.subarray(0, 64), Buffer.alloc(40)],
      run: runCheckpoint,
      share: 1,
    },
    { name: 'consume-queue', typed: STORE, seeds: queueFiles(), run: runConsumeQueue, share: 1 },
    { name: 'index-file', typed: STORE, seeds: [await indexFile()], run: runIndexFile, share: 1 },
    {
      name: 'consume-queue-ext',
      typed: NOTHING,
      seeds: [Buffer.from('00180000000000000001000000000000000200' + '0401020304', 'hex')],
      run: (input) => decodeConsumeQueueExtUnit(input),
      share: 1,
    },
    {
      name: 'batch-consume-queue',
      typed: NOTHING,
      seeds: [Buffer.alloc(46, 1)],
      run: (input) => readBatchEntry(atLeast(input, 46)),
      share: 1,
    },
  ];
}

/** Files have a fixed size: what is short reads as zeros, what is long is cut. */
function atLeast(input, bytes) {
  const file = Buffer.alloc(bytes);
  input.copy(file);
  return file;
}

function diskWith(path, bytes) {
  const disk = new SimulatedDisk();
  disk.mkdir(path.slice(0, path.lastIndexOf('/')));
  disk.writeFile(path, bytes);
  return disk;
}

function runCheckpoint(input) {
  const disk = diskWith('/store/checkpoint', atLeast(input, 4096));
  const checkpoint = new StoreCheckpoint(disk, '/store/checkpoint');
  void checkpoint.minTimestampIndex;
  checkpoint.close();
}

function queueFiles() {
  return [4, 40, QUEUE_ENTRIES].map((count) => {
    const file = Buffer.alloc(QUEUE_BYTES);
    for (let i = 0; i < count; i++) writeEntry(file, i * 20, 1000 + i * 200, 200, 0, 2603186);
    return file;
  });
}

function runConsumeQueue(input) {
  const disk = diskWith('/q/T/0/00000000000000000000', atLeast(input, QUEUE_BYTES));
  for (const abnormal of [false, true]) {
    const queue = new ConsumeQueue(queueHost(disk), 'T', 0, '/q/T/0');
    queue.load();
    queue.recover({ abnormal });
    queue.truncateDirty(5000);
    queue.correctMinOffset(2000);
    queue.entriesNow(queue.minOffset, 32);
    queue.binarySearchByPhysicalOffset(3000);
  }
}

function queueHost(disk) {
  const nothing = () => undefined;
  return {
    disk,
    handles: new FileHandles(disk, 4),
    fileSizeBytes: QUEUE_BYTES,
    page: Buffer.alloc(4096),
    becameDirty: nothing,
    directoryChanged: nothing,
    claimTailBytes: () => true,
    countTailBytes: nothing,
    cachedBlock: nothing,
    cacheBlock: nothing,
    reportGap: nothing,
    reportDamage: nothing,
    reportOverlap: nothing,
    rowChanged: nothing,
    aboutToShrink: nothing,
  };
}

async function indexFile() {
  const disk = new SimulatedDisk();
  disk.mkdir('/index');
  const handles = new FileHandles(disk, 4);
  const file = IndexFile.create(handles, '/index/20231114221320000', INDEX_SHAPE);
  for (let i = 0; i < 24; i++) file.put(i % 5 === 0 ? 16 : i, 1000 + i * 200, 1_700_000_000_000 + i * 1000);
  await file.flush();
  const bytes = disk.readFile('/index/20231114221320000');
  bytes.writeInt32BE(25, 36);
  bytes.writeBigInt64BE(1_700_000_000_000n, 0);
  bytes.writeBigInt64BE(1_700_000_023_000n, 8);
  return bytes;
}

async function runIndexFile(input) {
  const path = '/index/20231114221320000';
  const disk = diskWith(path, atLeast(input, indexFileSize(INDEX_SHAPE)));
  const file = IndexFile.load(new FileHandles(disk, 4), path, INDEX_SHAPE);
  file.overlaps(0, 2_000_000_000_000);
  const found = [];
  await file.select(found, 16, 64, 0, 2_000_000_000_000);
  await file.select(found, 3, 64, 0, Number.MAX_SAFE_INTEGER);
  if (!file.isFull) file.put(16, 9000, 1_700_000_100_000);
  file.truncate(3000);
}

// ---- helpers

function passes(run) {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** The smallest of what fits; where nothing does, of everything: any input is better than none. */
function firstOf(fitting, all, count) {
  const from = fitting.length > 0 ? fitting : all;
  return [...from].sort((a, b) => lengthOf(a) - lengthOf(b)).slice(0, count);
}

const lengthOf = (seed) => seed.length ?? JSON.stringify(seed).length;
