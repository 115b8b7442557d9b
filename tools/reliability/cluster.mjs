// A NameServer and a Broker in processes of their own: ours from the sources as they stand, or Apache's of a release.
import { installApache } from '../interop/lib/apache.mjs';
import { OURS, Servers } from '../interop/lib/servers.mjs';
import { sourceFile } from './sources.mjs';

export { OURS };

/** `servers.nameServer(kind)` and `servers.broker(kind, ...)` start them, `servers.dispose()` ends all and removes their folders. */
export async function clusterOf(kind) {
  if (kind !== OURS) installApache(kind);
  return new Servers({
    programs: { mqnamesrv: await sourceFile('mqnamesrv'), mqbroker: await sourceFile('mqbroker') },
  });
}
