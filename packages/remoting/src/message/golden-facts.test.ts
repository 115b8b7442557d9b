// Walks the golden JSON about properties text, ids, hashes and checksums.
import { readFileSync } from 'node:fs';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { bodyCrc, crc32 } from './crc32.js';
import { encodeHost } from './host.js';
import { indexKeyHash, javaHashBytes, javaHashCode } from './java-hash.js';
import {
  decodeOffsetMsgId,
  encodeOffsetMsgId,
  encodeOffsetMsgIdAt,
  OffsetMsgIdEncoder,
} from './message-id.js';
import { decodeProperties, deleteProperty, scanProperties } from './properties.js';
import { decodeUniqId } from './uniq-id.js';

function golden<T>(entry: string): T {
  return JSON.parse(readFileSync(goldenPath(entry), 'utf8')) as T;
}

describeGolden('properties text as Java reads it', () => {
  const { parse, deleteProperty: deletions } = golden<{
    parse: { string: string; properties: Record<string, string> }[];
    deleteProperty: { string: string; name: string; result: string }[];
  }>('message/properties-string.json');

  test.each(parse)('$string', ({ string, properties }) => {
    expect({ ...decodeProperties(string) }).toEqual(properties);
    const buf = Buffer.from(`..${string}..`);
    const scanned: Record<string, string> = {};
    scanProperties(buf, 2, buf.length - 2, (nameStart, nameEnd, valueStart, valueEnd) => {
      scanned[buf.toString('utf8', nameStart, nameEnd)] = buf.toString('utf8', valueStart, valueEnd);
    });
    expect(scanned).toEqual(properties);
  });

  test.each(deletions)('$string without $name', ({ string, name, result }) => {
    expect(deleteProperty(string, name)).toBe(result);
  });
});

describeGolden('message ids as Java makes them', () => {
  const { offsetMsgIds, uniqKeys } = golden<{
    offsetMsgIds: {
      host: string;
      port: number;
      offset: number | string;
      offsetMsgId: string;
      decodedAddress: string;
    }[];
    uniqKeys: Record<string, string | number>[];
  }>('message/ids.json');

  test.each(offsetMsgIds)('$offsetMsgId', ({ host, port, offset, offsetMsgId, decodedAddress }) => {
    const storeHost = encodeHost(host, port);
    const exact = Buffer.alloc(8);
    exact.writeBigInt64BE(BigInt(offset));
    const bytes = Buffer.concat([storeHost, exact]);
    expect(encodeOffsetMsgIdAt(bytes, 0, storeHost.length === 20, storeHost.length)).toBe(offsetMsgId);
    const decoded = decodeOffsetMsgId(offsetMsgId)!;
    expect(`${decoded.ip}:${decoded.port}`).toBe(decodedAddress);
    if (typeof offset === 'string') expect(decoded.physicalOffset).toBe(Number.MAX_SAFE_INTEGER);
    else {
      expect(decoded.physicalOffset).toBe(offset);
      expect(encodeOffsetMsgId(storeHost, offset)).toBe(offsetMsgId);
      expect(new OffsetMsgIdEncoder(storeHost).encode(offset)).toBe(offsetMsgId);
    }
  });

  test.each(uniqKeys)('$uniqKey', ({ uniqKey, ip, pid, classLoaderHash, millisSinceMonthStart, counter }) => {
    const decoded = decodeUniqId(String(uniqKey))!;
    expect({ ...decoded, ip: encodeHost(decoded.ip, 0) }).toEqual({
      ip: encodeHost(String(ip), 0),
      pid,
      processHash: classLoaderHash,
      millisSinceMonthStart,
      counter,
    });
  });
});

describeGolden('hashes as Java computes them', () => {
  const { strings } = golden<{ strings: { string: string; hashCode: number; indexKeyHash: number }[] }>(
    'misc/hashcode.json',
  );

  test.each(strings)('of $string', ({ string, hashCode, indexKeyHash: keyHash }) => {
    const bytes = Buffer.from(`>${string}<`);
    expect(javaHashCode(string)).toBe(hashCode);
    // A lone surrogate has no UTF-8 form; Java's own bytes of it are a question mark.
    if (bytes.toString() === `>${string}<`) expect(javaHashBytes(bytes, 1, bytes.length - 1)).toBe(hashCode);
    expect(indexKeyHash(hashCode)).toBe(keyHash);
  });
});

describeGolden('checksums as Java computes them', () => {
  const { samples } = golden<{ samples: { hex: string; crc32: number; bodyCRC: number }[] }>(
    'misc/crc32.json',
  );

  test.each(samples)('of $hex', ({ hex, crc32: expected, bodyCRC }) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(crc32(bytes)).toBe(expected);
    expect(bodyCrc(bytes)).toBe(bodyCRC);
  });
});
