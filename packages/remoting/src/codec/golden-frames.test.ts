import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { decodeFrame, encodeFrame } from './frame.js';
import { FrameDecoder } from './frame-decoder.js';
import type { RemotingCommand } from '../command.js';

interface GoldenFrame {
  name: string;
  file: string;
  serializeTypeByte: number;
  code?: number;
  oneway?: boolean;
  type?: 'REQUEST' | 'RESPONSE';
  opaque?: number;
  flag?: number;
  language?: string | null;
  version?: number;
  remark?: string | null;
  extFields?: Record<string, string | null> | null;
  bodyLength?: number;
  bodySha256?: string;
  decodeError?: string;
  errorMessage?: string;
  javaReencodesIdentically?: boolean;
}

/** Frames that Java decodes; the recorded error is from encoding them again, with the language it does not know. */
function failsOnlyWhenReencoded(frame: GoldenFrame): boolean {
  return frame.decodeError !== undefined && frame.code !== undefined;
}

/** Java files an empty binary key under null; we drop such an entry. Null values count as absent. */
function expectedExt(ext: Record<string, string | null> | null | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ext ?? {}).filter(
      (entry): entry is [string, string] => entry[1] !== null && entry[0] !== 'null',
    ),
  );
}

function decodeWhole(bytes: Buffer): RemotingCommand {
  const decoder = new FrameDecoder();
  decoder.push(bytes);
  const command = decoder.next();
  expect(command).toBeDefined();
  expect(decoder.isInsideFrame).toBe(false);
  return command!;
}

describeGolden("frames of Apache's programs", () => {
  const dir = goldenPath('remoting/frames');
  const index = JSON.parse(readFileSync(goldenPath('remoting/index.json'), 'utf8')) as {
    frames: GoldenFrame[];
  };
  const bytesOf = (frame: GoldenFrame): Buffer => readFileSync(join(dir, frame.file));
  const readable = index.frames.filter(
    (frame) => frame.decodeError === undefined || failsOnlyWhenReencoded(frame),
  );
  const refused = index.frames.filter((frame) => !readable.includes(frame));

  test('the index names every file of the folder', () => {
    expect(index.frames.map((frame) => frame.file).sort()).toEqual(readdirSync(dir).sort());
    expect(readable.length).toBeGreaterThan(600);
    expect(refused.length).toBeGreaterThan(15);
  });

  test.each(readable)('$name decodes to what Java decodes', (frame) => {
    const command = decodeWhole(bytesOf(frame));
    expect({ ...command.extFields }).toEqual(expectedExt(frame.extFields));
    expect(command.remark ?? null).toBe(frame.remark);
    expect(command.body?.length ?? 0).toBe(frame.bodyLength);
    if (frame.bodySha256 !== undefined) {
      expect(createHash('sha256').update(command.body!).digest('hex')).toBe(frame.bodySha256);
    }
    // Without an opaque in the header Java assigns one of its own.
    const hasOpaque = frame.serializeTypeByte === 1 || /opaque/i.test(bytesOf(frame).toString('latin1'));
    expect({
      code: command.code,
      flag: command.flag,
      version: command.version,
      language: command.language,
      isResponse: command.isResponse,
      isOneway: command.isOneway,
      opaque: hasOpaque ? command.opaque : frame.opaque,
    }).toEqual({
      code: frame.code,
      flag: frame.flag,
      version: frame.version,
      language: frame.language ?? 'UNKNOWN',
      isResponse: frame.type === 'RESPONSE',
      isOneway: frame.oneway,
      opaque: frame.opaque,
    });
  });

  test.each(refused)('$name is refused, as Java does ($errorMessage)', (frame) => {
    const decoder = new FrameDecoder();
    decoder.push(bytesOf(frame));
    expect(() => decoder.next()).toThrow(
      expect.objectContaining({ name: 'RemotingError', code: 'BAD_FRAME' }),
    );
  });

  test.each(index.frames.filter((frame) => frame.javaReencodesIdentically === true))(
    '$name encodes back to the same bytes',
    (frame) => {
      const bytes = bytesOf(frame);
      expect(encodeFrame(decodeFrame(bytes, 0, bytes.length)).equals(bytes)).toBe(true);
    },
  );
});
