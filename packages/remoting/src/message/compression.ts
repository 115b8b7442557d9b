// Compression of message bodies: ZLIB (RFC 1950) always, LZ4 frames and ZSTD where their library is there.
//
// LZ4 comes from the optional package lz4-napi, ZSTD from node:zlib (Node 22.15 and newer) or the optional package
// @bokuweb/zstd-wasm. Optional packages load asynchronously: whoever sends or consumes awaits `loadCompression`
// once at start; until then, and where a package is missing, the call fails with UNSUPPORTED_COMPRESSION.
import * as zlib from 'node:zlib';
import { isRemotingError, RemotingError } from '../errors.js';
import { maxLz4FrameBytes } from './lz4-frame.js';
import type { CompressionType } from './sys-flag.js';

/** Level upstream compresses with by default (`compressLevel`). */
export const DEFAULT_COMPRESSION_LEVEL = 5;
/** Bound on a decompressed body unless told otherwise: eight times the broker's default maxMessageSize. */
export const DEFAULT_MAX_DECOMPRESSED_BYTES = 32 * 1024 * 1024;

// Imported by variable, so that bundlers leave the optional packages where they are: outside.
const LZ4_PACKAGE: string = 'lz4-napi';
const ZSTD_PACKAGE: string = '@bokuweb/zstd-wasm';

interface Codec {
  compress(body: Buffer, level: number): Buffer;
  /** May stop at, or answer up to one block more than, `maxBytes`. */
  decompress(body: Buffer, maxBytes: number): Buffer;
}

const codecs: Partial<Record<CompressionType, Codec>> = {
  ZLIB: {
    compress: (body, level) => zlib.deflateSync(body, { level }),
    decompress: (body, maxBytes) => zlib.inflateSync(body, { maxOutputLength: maxBytes }),
  },
};
const zstdOfNode = nodeZstd();
if (zstdOfNode) codecs.ZSTD = zstdOfNode;

let loading: Promise<void> | undefined;

/** Loads the optional libraries that are installed. Resolves when done, also when there are none; may be called again and together. */
export function loadCompression(): Promise<void> {
  loading ??= Promise.all([loadLz4(), loadZstd()]).then(() => undefined);
  return loading;
}

/** Whether `compress` and `decompress` can work with `type` now. */
export function isCompressionLoaded(type: CompressionType): boolean {
  return codecs[type] !== undefined;
}

/** Compressed form of `body`. Throws RemotingError UNSUPPORTED_COMPRESSION naming the package to install. */
export function compress(type: CompressionType, body: Buffer, level = DEFAULT_COMPRESSION_LEVEL): Buffer {
  return codecOf(type).compress(body, level);
}

/**
 * Content of a compressed body. Throws RemotingError UNSUPPORTED_COMPRESSION, or BAD_BODY when the bytes are not
 * what `type` says or hold more than `maxBytes`.
 */
export function decompress(
  type: CompressionType,
  body: Buffer,
  maxBytes = DEFAULT_MAX_DECOMPRESSED_BYTES,
): Buffer {
  const codec = codecOf(type);
  try {
    const content = codec.decompress(body, maxBytes);
    if (content.length > maxBytes) throw tooLarge(type, maxBytes);
    return content;
  } catch (error) {
    if (isRemotingError(error)) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(type, maxBytes);
    throw new RemotingError('BAD_BODY', `body is not ${type}`, { cause: error });
  }
}

function codecOf(type: CompressionType): Codec {
  const codec = codecs[type];
  if (codec) return codec;
  const name = type === 'LZ4' ? LZ4_PACKAGE : ZSTD_PACKAGE;
  throw new RemotingError(
    'UNSUPPORTED_COMPRESSION',
    `${type} needs the package ${name}: install it and await loadCompression() before use`,
  );
}

function tooLarge(type: CompressionType, maxBytes: number): RemotingError {
  return new RemotingError('BAD_BODY', `${type} body holds more than ${maxBytes} bytes`);
}

async function loadLz4(): Promise<void> {
  const lz4 = await importOptional<typeof import('lz4-napi')>(LZ4_PACKAGE);
  if (!lz4) return;
  codecs.LZ4 = {
    compress: (body) => lz4.compressFrameSync(body),
    decompress: (body, maxBytes) => {
      if (maxLz4FrameBytes(body) > maxBytes) throw tooLarge('LZ4', maxBytes);
      return lz4.decompressFrameSync(body);
    },
  };
}

async function loadZstd(): Promise<void> {
  if (codecs.ZSTD) return;
  const zstd = await importOptional<typeof import('@bokuweb/zstd-wasm')>(ZSTD_PACKAGE);
  if (!zstd) return;
  await zstd.init();
  codecs.ZSTD = {
    compress: (body, level) => asBuffer(zstd.compress(body, level)),
    decompress: (body, maxBytes) => decompressZstdWasm(zstd.decompress, body, maxBytes),
  };
}

/** The module, from CommonJS and ESM alike; undefined when it is not installed or does not run here. */
async function importOptional<T extends object>(name: string): Promise<T | undefined> {
  try {
    const loaded = (await import(name)) as T & { default?: T };
    return loaded.default ?? loaded;
  } catch {
    return undefined;
  }
}

interface NodeZstd {
  zstdCompressSync(body: Buffer, options: { params: Record<number, number> }): Buffer;
  zstdDecompressSync(body: Buffer, options: { maxOutputLength: number }): Buffer;
  constants: { ZSTD_c_compressionLevel: number };
}

function nodeZstd(): Codec | undefined {
  if (!('zstdCompressSync' in zlib)) return undefined;
  const node = zlib as unknown as NodeZstd;
  return {
    compress: (body, level) =>
      node.zstdCompressSync(body, { params: { [node.constants.ZSTD_c_compressionLevel]: level } }),
    decompress: (body, maxOutputLength) => node.zstdDecompressSync(body, { maxOutputLength }),
  };
}

const ZSTD_MAGIC = 0xfd2fb528;
const SMALLEST_GUESS_BYTES = 64 * 1024;

/**
 * The wasm library allocates what the frame declares, or what it is told where the frame declares nothing (as
 * zstd-jni's streams): look at the declaration first, and without one try growing sizes up to the bound.
 */
function decompressZstdWasm(
  run: (body: Buffer, options?: { defaultHeapSize?: number }) => Uint8Array,
  body: Buffer,
  maxBytes: number,
): Buffer {
  if (body.length < 6 || body.readUInt32LE(0) !== ZSTD_MAGIC)
    throw new RemotingError('BAD_BODY', 'body is not ZSTD');
  const declared = zstdContentBytes(body);
  if (declared !== undefined) {
    if (declared > maxBytes) throw tooLarge('ZSTD', maxBytes);
    return asBuffer(run(body));
  }
  for (let guess = Math.max(SMALLEST_GUESS_BYTES, body.length * 8); ; guess *= 8) {
    try {
      return asBuffer(run(body, { defaultHeapSize: Math.min(guess, maxBytes) }));
    } catch (error) {
      if (guess >= maxBytes) throw error;
    }
  }
}

/** Frame_Content_Size of a ZSTD frame header (RFC 8878 §3.1.1.1), undefined where the frame does not say. */
function zstdContentBytes(frame: Buffer): number | undefined {
  const descriptor = frame[4]!;
  const sizeFlag = descriptor >> 6;
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  if (sizeFlag === 0) return singleSegment ? frame.readUInt8(at) : undefined;
  if (sizeFlag === 1) return frame.readUInt16LE(at) + 256;
  if (sizeFlag === 2) return frame.readUInt32LE(at);
  return Number(frame.readBigUInt64LE(at));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
