import { defineCommand } from '../../command.js';
import { bool, required, text } from '../../option.js';

export const cloneGroupOffset = defineCommand({
  name: 'cloneGroupOffset',
  summary: 'Clone offset from other group.',
  options: {
    srcGroup: required(text('s', 'srcGroup', 'set source consumer group')),
    destGroup: required(text('d', 'destGroup', 'set destination consumer group')),
    topic: required(text('t', 'topic', 'set the topic')),
    offline: bool('o', 'offline', 'the group or the topic is offline. Ignored, as upstream does.'),
  },
  async run({ srcGroup, destGroup, topic }, { admin, out }) {
    await admin.offsets.clone(srcGroup, destGroup, topic);
    out.line(
      'clone group offset success. srcGroup[%s], destGroup=[%s], topic[%s]',
      srcGroup,
      destGroup,
      topic,
    );
  },
});
