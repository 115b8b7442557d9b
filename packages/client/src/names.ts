import { SystemGroup, TOPIC_MAX_LENGTH, groupProblem, topicProblem } from '@mq/remoting/protocol';
import { assertArgument } from './errors.js';

/** Refuses a topic the protocol does not allow, in upstream's words. */
export function assertTopic(topic: unknown): asserts topic is string {
  assertArgument(typeof topic === 'string', 'topic must be a string');
  const problem = topicProblem(topic);
  const most =
    topic.length > TOPIC_MAX_LENGTH ? `, ${topic.length} characters of at most ${TOPIC_MAX_LENGTH}` : '';
  assertArgument(problem === undefined, `${problem ?? ''} (topic "${topic}"${most})`);
}

/** Refuses a group the protocol does not allow, and upstream's placeholder names that would join strangers. */
export function assertGroup(
  kind: 'producerGroup' | 'consumerGroup',
  group: unknown,
): asserts group is string {
  assertArgument(typeof group === 'string', `${kind} must be a string`);
  const problem = groupProblem(group);
  assertArgument(problem === undefined, `${problem ?? ''} (${kind} "${group}")`);
  const reserved = kind === 'producerGroup' ? SystemGroup.DEFAULT_PRODUCER : SystemGroup.DEFAULT_CONSUMER;
  assertArgument(group !== reserved, `${kind} may not be "${reserved}"; choose a name of your own`);
}
