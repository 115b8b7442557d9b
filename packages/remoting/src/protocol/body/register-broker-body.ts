// Body of 103 REGISTER_BROKER: a broker's topics, as JSON or as a zlib stream of
//
//   int32 n, n bytes   DataVersion JSON
//   int32 count        count times: int32 n, n bytes   topic line (see topic-config.ts)
//   int32 n, n bytes   filterServerList JSON
//   int32 count        count times: int32 n, n bytes   TopicQueueMappingInfo JSON; senders from V5_0_0 on only
import { deflateSync, inflateSync } from 'node:zlib';
import { RemotingError } from '../../errors.js';
import { parseFastjson } from '../fastjson-reader.js';
import { stringifyFastjson } from '../fastjson-writer.js';
import { MQVersion } from '../version.js';
import { decodeDataVersion, encodeDataVersion } from './data-version.js';
import { bean, decodeShape, jsonBody, list, orNew, text, type BodyOf } from './shape.js';
import {
  decodeTopicConfigLine,
  decodeTopicConfigSerializeWrapper,
  encodeTopicConfigLine,
  topicConfigSerializeWrapper,
  type TopicConfig,
  type TopicConfigSerializeWrapper,
} from './topic-config.js';
import { topicQueueMappingInfo, type TopicQueueMappingInfo } from './topic-queue-mapping.js';

/** The most a registration may inflate to; about a quarter of a million topics. */
export const MAX_INFLATED_REGISTRATION_BYTES = 32 * 1024 * 1024;

const registerBrokerBody = bean({
  filterServerList: list(text),
  topicConfigSerializeWrapper: orNew(topicConfigSerializeWrapper, emptyWrapper),
});
/** Body of REGISTER_BROKER (103): a broker's topics and its filter servers; upstream's `RegisterBrokerBody`. */
export type RegisterBrokerBody = BodyOf<typeof registerBrokerBody>;

const json = jsonBody('RegisterBrokerBody', registerBrokerBody);

/** The body as JSON, or compressed when asked to (`compressedRegister`). */
export function encodeRegisterBrokerBody(
  body: RegisterBrokerBody,
  options: { compressed?: boolean } = {},
): Buffer {
  return options.compressed === true ? encodeCompressed(body) : json.encode(body);
}

/**
 * Reads whatever a broker sent. Its `compressed` header is not consulted: 5.x brokers set it wrongly, and the first
 * byte tells. A body that is missing registers no topics. A sender older than V3_0_11 sends the topic table alone.
 *
 * @param senderVersion `version` of the frame
 * @throws RemotingError `BAD_BODY`
 */
export function decodeRegisterBrokerBody(
  body: Buffer | undefined,
  senderVersion: number,
): RegisterBrokerBody {
  if (body === undefined) return { filterServerList: [], topicConfigSerializeWrapper: emptyWrapper() };
  if (senderVersion < MQVersion.V3_0_11) {
    return { filterServerList: [], topicConfigSerializeWrapper: decodeTopicConfigSerializeWrapper(body) };
  }
  return body[0] === ZLIB_FIRST_BYTE ? decodeCompressed(body, senderVersion) : json.decode(body);
}

const ZLIB_FIRST_BYTE = 0x78;

function emptyWrapper(): TopicConfigSerializeWrapper {
  return {
    dataVersion: { counter: 0, stateVersion: 0, timestamp: 0 },
    topicConfigTable: Object.create(null) as Record<string, TopicConfig>,
  };
}

function encodeCompressed({
  filterServerList,
  topicConfigSerializeWrapper: wrapper,
}: RegisterBrokerBody): Buffer {
  const topics = Object.values(wrapper.topicConfigTable);
  const mappings = Object.values(wrapper.topicQueueMappingInfoMap ?? {});
  return deflateSync(
    Buffer.concat([
      sized(encodeDataVersion(wrapper.dataVersion)),
      int32(topics.length),
      ...topics.map((topic) => sized(encodeTopicConfigLine(topic))),
      sized(stringifyFastjson(filterServerList)),
      int32(mappings.length),
      ...mappings.map((mapping) => sized(stringifyFastjson(topicQueueMappingInfo.encode(mapping)))),
    ]),
    { level: 9 },
  );
}

function decodeCompressed(body: Buffer, senderVersion: number): RegisterBrokerBody {
  const reader = new SectionReader(inflate(body));
  const wrapper = { ...emptyWrapper(), dataVersion: decodeDataVersion(reader.section()) };
  for (let remaining = reader.int32(); remaining > 0; remaining--) {
    const topic = decodeTopicConfigLine(reader.section().toString());
    wrapper.topicConfigTable[topic.topicName] = topic;
  }
  const filterServerList = decodeShape('filterServerList', list(text), parseFastjson(reader.section()));
  const mappings = Object.create(null) as Record<string, TopicQueueMappingInfo>;
  if (senderVersion >= MQVersion.V5_0_0) {
    for (let remaining = reader.int32(); remaining > 0; remaining--) {
      const mapping = decodeShape(
        'TopicQueueMappingInfo',
        topicQueueMappingInfo,
        parseFastjson(reader.section()),
      );
      mappings[mapping.topic] = mapping;
    }
  }
  return {
    filterServerList,
    topicConfigSerializeWrapper: { ...wrapper, topicQueueMappingInfoMap: mappings },
  };
}

function inflate(body: Buffer): Buffer {
  try {
    return inflateSync(body, { maxOutputLength: MAX_INFLATED_REGISTRATION_BYTES });
  } catch (cause) {
    throw new RemotingError('BAD_BODY', 'RegisterBrokerBody: the zlib stream cannot be inflated', { cause });
  }
}

class SectionReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  int32(): number {
    return this.take(4).readInt32BE(0);
  }

  /** The bytes behind an int32 length. */
  section(): Buffer {
    return this.take(this.int32());
  }

  private take(length: number): Buffer {
    if (length < 0 || this.at + length > this.bytes.length) {
      throw new RemotingError(
        'BAD_BODY',
        `RegisterBrokerBody: cut off at byte ${this.at} of ${this.bytes.length}`,
      );
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function sized(content: string | Buffer): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([int32(bytes.length), bytes]);
}
