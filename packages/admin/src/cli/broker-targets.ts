import { isAdminError } from '../errors.js';
import type { CommandContext } from './command.js';
import { UsageError } from '@mq/remoting/settings';

/** The two ways most commands name brokers. */
export interface TargetOptions {
  readonly brokerAddr: string | undefined;
  readonly clusterName: string | undefined;
}

/**
 * Addresses a command is to go to: the one broker named, or those of the cluster.
 * @param options.withSlaves of the cluster also the slaves; default masters only
 * @throws UsageError when neither is named
 */
export async function brokerTargets(
  { brokerAddr, clusterName }: TargetOptions,
  { admin }: CommandContext,
  options: { withSlaves?: boolean } = {},
): Promise<string[]> {
  if (brokerAddr !== undefined) return [brokerAddr];
  if (clusterName === undefined) throw new UsageError('name a broker or a cluster');
  return options.withSlaves === true
    ? admin.cluster.addresses(clusterName)
    : admin.cluster.masters(clusterName);
}

/** Does something for each of several brokers; one that fails is told about, and the others follow. */
export async function forEach<T>(
  items: readonly T[],
  { out }: CommandContext,
  action: (item: T) => Promise<void>,
): Promise<void> {
  for (const item of items) {
    try {
      await action(item);
    } catch (error) {
      if (!isAdminError(error) || items.length === 1) throw error;
      out.problem(error.message);
    }
  }
}
