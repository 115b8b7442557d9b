import type { ClientInstance } from '../instance/client-instance.js';
import { TraceDispatcher } from '../trace/trace-dispatcher.js';
import { TraceHook } from '../trace/trace-hook.js';
import type { ObservationOptions } from './message-hook.js';
import { MessageHooks } from './message-hooks.js';

/** The hooks a producer or consumer was given, trace among them; undefined when there are none. */
export function hooksOf(
  client: ClientInstance,
  options: ObservationOptions,
  group: string,
  kind: 'PRODUCE' | 'CONSUME',
): MessageHooks | undefined {
  const hooks = [...(options.messageHooks ?? [])];
  if (options.enableTrace === true) {
    const isCloud = options.accessChannel === 'CLOUD';
    const dispatcher = new TraceDispatcher(client, { group, kind, traceTopic: options.traceTopic, isCloud });
    hooks.push(new TraceHook(dispatcher, client.clock));
  }
  return hooks.length === 0 ? undefined : new MessageHooks(hooks, client.logger);
}
