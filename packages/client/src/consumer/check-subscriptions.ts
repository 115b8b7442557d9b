import type { SubscriptionData } from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';

/**
 * Brokers say at once whether they can serve a filter that is not about tags. Upstream: checkClientInBroker.
 * @param group with namespace
 * @throws MQClientError SUBSCRIPTION_REFUSED
 */
export async function checkSubscriptions(
  client: ClientInstance,
  group: string,
  subscriptions: readonly SubscriptionData[],
): Promise<void> {
  for (const subscriptionData of subscriptions) {
    if (subscriptionData.expressionType === 'TAG') continue;
    const broker = client.routes.anyBrokerOf(subscriptionData.topic);
    if (broker === undefined) continue;
    const body = { clientId: client.clientId, group, subscriptionData };
    try {
      await client.brokers.checkClientConfig(broker, body, { timeoutMs: client.requestTimeoutMs });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new MQClientError('SUBSCRIPTION_REFUSED', message, { cause, ...broker });
    }
  }
}
