// Requests that are wrong in one layer at a time: the frame, a header field, or the body. What is damaged inside is framed
// rightly, or no damage would get past the frame decoder.
import { importSource } from '../sources.mjs';

const { RemotingCommand, decodeFrame, encodeFrame } = await importSource('@mq/remoting');
const { RequestCode } = await importSource('@mq/remoting/protocol');

/** An operator may change settings so that service changes (permissions, what is refused): no judge could tell that from a fault. */
const LEFT_OUT = new Set([RequestCode.UPDATE_BROKER_CONFIG, RequestCode.UPDATE_NAMESRV_CONFIG]);
const CODES = Object.values(RequestCode).filter((code) => code > 0 && code < 32_768 && !LEFT_OUT.has(code));

/** The requests among golden frames. */
export function goldenRequests(frames) {
  return frames.filter(({ bytes }) => {
    try {
      const command = decodeFrame(bytes, 0, bytes.length);
      return !command.isResponse && !LEFT_OUT.has(command.code);
    } catch {
      return false;
    }
  });
}

/** Frames of `seeds`, damaged; `mutator` is of mutate.mjs. */
export function requestMutator(mutator, seeds) {
  const { below } = mutator;
  const frames = seeds.map(({ bytes }) => bytes);
  const pick = (list) => list[below(list.length)];
  const text = (value) => mutator.next([Buffer.from(value)]).toString();

  /** One field changed, dropped or added, or another request's fields. */
  function damageFields(command) {
    const ext = { ...command.extFields };
    const keys = Object.keys(ext);
    const chance = below(10);
    if (keys.length === 0 || chance === 0) ext[text('topic') || 'x'] = text('TopicTest');
    else if (chance < 3) delete ext[pick(keys)];
    else {
      const key = pick(keys);
      ext[key] = text(String(ext[key]));
    }
    command.extFields = Object.assign(Object.create(null), ext);
  }

  return function next() {
    const seed = pick(frames);
    const chance = below(10);
    if (chance < 3) return mutator.next(frames);
    const decoded = decodeFrame(seed, 0, seed.length);
    const command = RemotingCommand.request(decoded.code, { ...decoded.extFields }, decoded.body);
    command.version = decoded.version;
    command.opaque = below(1_000_000);
    command.serializeType = below(2) === 0 ? 'JSON' : 'ROCKETMQ';
    if (chance < 7) damageFields(command);
    if (chance > 5) command.body = mutator.next([command.body ?? Buffer.alloc(0)]);
    if (chance === 9) command.code = pick(CODES);
    try {
      return encodeFrame(command);
    } catch {
      return mutator.next(frames);
    }
  };
}

/** Streams that are no frames whatever follows: each must end its connection. */
export const HOPELESS = {
  'a negative length': Buffer.from('ffffffff00000000', 'hex'),
  'a length over the limit': Buffer.from('7fffffff00000010', 'hex'),
  'a header longer than its frame': Buffer.from('0000001000ffffff' + '00'.repeat(12), 'hex'),
  'an unknown codec': Buffer.concat([Buffer.from('0000000607000002', 'hex'), Buffer.from('{}')]),
  'a codec that was not announced': Buffer.from('000000070200000397c0c0', 'hex'),
  'a header that is no JSON': Buffer.concat([Buffer.from('0000000a00000006', 'hex'), Buffer.from('nojson')]),
  'a TLS hello where there is no TLS': Buffer.from('160301020001000000', 'hex'),
};
