import { alterAttributes, parseAttributeChanges, topicAttributeRules } from './attributes.js';

const change = (isNew: boolean, current: Record<string, string>, text: string) =>
  Object.fromEntries(
    alterAttributes(
      topicAttributeRules,
      isNew,
      new Map(Object.entries(current)),
      parseAttributeChanges(text),
    ),
  );

describe('topic attributes', () => {
  test.each([
    [
      'a new topic takes what is added',
      true,
      {},
      '+message.type=FIFO,+queue.type=BatchCQ',
      { 'message.type': 'FIFO', 'queue.type': 'BatchCQ' },
    ],
    [
      'a value is replaced',
      false,
      { 'message.type': 'FIFO' },
      '+message.type=DELAY',
      { 'message.type': 'DELAY' },
    ],
    ['a key is deleted', false, { 'message.type': 'FIFO' }, '-message.type', {}],
    ['blank text changes nothing', false, { 'queue.type': 'SimpleCQ' }, ' ', { 'queue.type': 'SimpleCQ' }],
  ])('%s', (_name, isNew, current, text, expected) => {
    expect(change(isNew, current as Record<string, string>, text)).toEqual(expected);
  });

  test.each([
    ['an unknown key', true, {}, '+color=red', 'unsupported key: color'],
    ['a value outside the set', true, {}, '+message.type=RED', 'value is not in set'],
    ['a delete on create', true, {}, '-message.type', 'only add attribute'],
    ['a delete of what is not there', false, {}, '-message.type', 'nonexistent key'],
    [
      'a change of what may not change',
      false,
      { 'queue.type': 'SimpleCQ' },
      '+queue.type=BatchCQ',
      'unchangeable',
    ],
    ['a key without a sign', false, {}, 'message.type=FIFO', 'must be +key=value or -key'],
    [
      'the same key twice',
      false,
      { 'message.type': 'FIFO' },
      '+message.type=FIFO,-message.type',
      'duplication',
    ],
    ['a key without a value', true, {}, '+message.type', 'has no value'],
  ])('refuses %s', (_name, isNew, current, text, problem) => {
    expect(() => change(isNew, current as Record<string, string>, text)).toThrow(problem);
  });
});
